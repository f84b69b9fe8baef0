import resource
import sys
import time

from arcade_otel.identity.principal import PrincipalUnavailableError, get_principal


def ask(directory):
    try:
        return get_principal(directory, None, timeout=5.0)
    except PrincipalUnavailableError:
        return "unavailable"


ask(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.monotonic()
answer = ask(sys.argv[2])
print(answer, time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
