import threading

import arcade_otel

arcade_otel.configure(name="tool", version="1", properties={"number": int}, events={"made": {"number": int}})
context = arcade_otel.command("job")
both, named = threading.Barrier(2), threading.Barrier(2)


@context
def job(number):
    both.wait()
    arcade_otel.set_property("number", number)
    arcade_otel.track("made", {"number": number})
    context.rename(f"job.{number}")
    named.wait()
    if number == 1:
        raise ValueError("one")


def run(number):
    try:
        job(number)
    except ValueError:
        pass


threads = [threading.Thread(target=run, args=(number,)) for number in (1, 2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
