/* Makes flock() fail by the errno in FLOCK_ERRNO, or never return if that is "hang": a file system that cannot lock. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int flock(int descriptor, int operation) {
    const char *chosen = getenv("FLOCK_ERRNO");
    (void)descriptor;
    (void)operation;
    if (chosen == NULL)
        chosen = "37"; /* ENOLCK */
    if (strcmp(chosen, "hang") == 0)
        for (;;)
            pause();
    errno = atoi(chosen);
    return -1;
}
