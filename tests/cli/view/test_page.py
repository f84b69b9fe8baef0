"""The page of ``view`` in a real browser: by mouse, keyboard, phone and screen reader. Other sites get nothing of the page."""

import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect, sync_playwright

from arcade_otel.testing import FakePostHog
from tests.cli.view.collected import WHO, Collected
from tests.cli.view.serving import SECONDS, Serving
from tests.support.machine import Machine

pytestmark = pytest.mark.linux  # Debian's Chromium

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Names that lead to this machine, as those of a rebinding site do; nothing is asked of a name server.
    "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
SCRIPT = "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>"
AUDIT = (Path(__file__).parent / "audit.js").read_text()

expect.set_options(timeout=SECONDS * 1000)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """One Chromium for all of these tests, with a profile and a home of its own."""
    folder = tmp_path_factory.mktemp("chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile",
            executable_path=CHROMIUM,
            args=ARGUMENTS,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"},
            locale="en-GB",
            viewport={"width": 1100, "height": 900},
        )
        context.set_default_timeout(SECONDS * 1000)
        yield context
        context.close()


@pytest.fixture
def tab(browser: BrowserContext) -> Iterator[Page]:
    """A tab whose console must stay empty: neither a script nor the policy may complain."""
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


@pytest.fixture
def collected(machine: Machine) -> Collected:
    """The events that the machine has collected, at first none."""
    return Collected(machine)


@pytest.fixture
def serving(machine: Machine) -> Iterator[Serving]:
    """The machine's page."""
    with Serving(machine) as running:
        yield running


def look(tab: Page, serving: Serving) -> list[Request]:
    """Open the page and wait until it is complete. Return the list into which every request goes."""
    requests: list[Request] = []
    tab.on("request", lambda request: requests.append(request))  # noqa: PLW0108 - it cannot be told by a built-in
    tab.goto(serving.url)
    tab.wait_for_selector("body[data-ready]")
    return requests


def choose(tab: Page, name: str) -> None:
    """Choose a state or an outcome in the filter."""
    tab.get_by_role("radio", name=name).click()


def commands(tab: Page) -> list[str]:
    """Return the commands that are visible on the page, from top to bottom."""
    return [each.inner_text() for each in tab.locator(".row:visible .command").all()]


# --- what is shown ------------------------------------------------------------------------------------------------------------


def test_it_shows_the_status_and_a_timeline_newest_first(tab: Page, machine: Machine, collected: Collected) -> None:
    """The page shows whether usage data is on and why, and your identity.

    For each command, it shows when it ran, how long, how it ended, and what became of the event.
    """
    (machine.config_dir / "usage.json").write_text(json.dumps({"anon_id": WHO[0], "linked_principal_id": None}))
    collected.sent("one", ago=300, ms=12)
    collected.dropped("two", "refused for good", ago=200, ms=1500, error=ValueError("no luck"))
    collected.queued("three", ago=10, ms=65_000)
    with Serving(machine) as serving:
        requests = look(tab, serving)
        expect(tab.locator("#tracking")).to_have_text("On")
        expect(tab.locator("#why")).to_contain_text("the program's default is on")
        expect(tab.locator("#facts")).to_contain_text(f"{WHO[0]}anonymous")
        expect(tab.locator("#facts")).to_contain_text("1 event")
        expect(tab.locator("#config-dir")).to_have_text(str(machine.config_dir))
        assert commands(tab) == ["three", "two", "one"]
        words = [" ".join(each.inner_text().split()) for each in tab.locator(".row").all()]
        assert re.search(r"^\d\d:\d\d:\d\d three .*succeeded .*1 min 5 s .*queued$", words[0]), words[0]
        assert re.search(r"^\d\d:\d\d:\d\d two .*failed \(1\) .*1\.50 s .*dropped \d\d:\d\d:\d\d, refused for good", words[1]), (
            words[1]
        )
        assert words[1].endswith("ValueError: no luck")
        assert re.search(r"^\d\d:\d\d:\d\d one .*succeeded .*12 ms .*sent \d\d:\d\d:\d\d$", words[2]), words[2]
        assert re.match(r"3 commands from .* to .*, 1 failed", tab.locator("#chart").get_attribute("aria-label") or "")
        assert tab.locator("#chart rect").count() == 3
        # Nobody else was asked for anything, and nothing was asked for that is not there.
        assert len(requests) == 5
        assert all(request.url.startswith(serving.url) for request in requests)
        assert [response.status for request in requests if (response := request.response())] == [200] * 5


@pytest.mark.parametrize("why", ["nothing yet", "off"])
def test_an_empty_page_says_why_and_what_to_do(tab: Page, machine: Machine, why: str) -> None:
    """The page is empty if usage data is off, or if nothing has been collected yet."""
    if why == "off":
        (machine.state / "consent").write_text("off")
    with Serving(machine) as serving:
        look(tab, serving)
        expect(tab.locator("#tracking")).to_have_text("Off" if why == "off" else "On")
        hint = "nothing is collected" if why == "off" else "Run a command of a program that uses arcade-otel"
        expect(tab.locator("#empty")).to_contain_text(hint)
        for unused in ("#filter", "#chart", "#count", "#clear"):
            expect(tab.locator(unused)).to_be_hidden()


def test_a_payload_opens_by_a_click_and_is_the_exact_one(tab: Page, machine: Machine, collected: Collected) -> None:
    """A second click closes the payload. Other payloads stay closed, and are not even in the page before they are opened."""
    payload = collected.sent("one", ago=20, ms=8)
    collected.queued("two")
    collected.dropped("three", "too old", known=False)
    with Serving(machine) as serving:
        look(tab, serving)
        assert tab.locator("pre").count() == 0
        button = tab.get_by_role("button", name="one")
        expect(button).to_have_attribute("aria-expanded", "false")
        button.click()
        expect(button).to_have_attribute("aria-expanded", "true")
        details = tab.locator(f"#{button.get_attribute('aria-controls')}")
        expect(details).to_be_visible()
        assert tab.locator("pre").count() == 1
        assert details.locator("pre").text_content() == json.dumps(payload, indent=2)
        assert '"duration": 8.0' in details.locator("pre").inner_text()  # as it was sent: no browser has written it anew
        expect(details).to_contain_text("Exactly what was sent")
        button.click()
        expect(details).to_be_hidden()
        tab.locator(".row", has_text="two").click()
        expect(tab.locator(".details:visible")).to_contain_text("Exactly what will be sent")
        tab.locator(".row", has_text="no command").click()
        expect(tab.locator(".details:visible").filter(has_text="too old")).to_contain_text("What it held is not known any more")


def test_it_works_by_the_keyboard_alone(tab: Page, machine: Machine, collected: Collected) -> None:
    """The keyboard reaches every control in order, and each shows that it has the focus. Enter and Space open and close."""
    collected.sent("one", ago=20)
    collected.sent("two", ago=10)
    with Serving(machine) as serving:
        look(tab, serving)
        reached = []
        for _ in range(9):
            tab.keyboard.press("Tab")
            reached.append(
                tab.evaluate(
                    """() => {
                        const it = document.activeElement;
                        const seen = it.matches(".choice input") ? it.nextElementSibling : it;
                        const style = getComputedStyle(seen);
                        const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
                        return [it.id || it.name || it.querySelector(".command")?.textContent || it.className, shown];
                    }"""
                )
            )
        names = ["skip", "text", "reload", "export", "state", "outcome", "two", "one"]
        assert reached[:8] == [[name, True] for name in names]
        tab.get_by_role("button", name="two").focus()
        tab.keyboard.press("Enter")
        expect(tab.locator(".details:visible")).to_contain_text("Exactly what was sent")
        tab.keyboard.press("Tab")
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.tagName") == "PRE"  # which can be scrolled by the arrows
        tab.get_by_role("button", name="two").focus()
        tab.keyboard.press("Space")
        expect(tab.locator(".details:visible")).to_have_count(0)
        tab.get_by_role("radio", name="All 2").first.focus()
        tab.keyboard.press("ArrowRight")
        expect(tab.locator("#count")).to_have_text("0 of 2 events")  # none is queued
        tab.get_by_role("button", name="Clear the filter").focus()
        tab.keyboard.press("Enter")
        expect(tab.locator("#count")).to_have_text("2 events")
        assert tab.evaluate("document.activeElement.id") == "text"


# --- filter and export --------------------------------------------------------------------------------------------------------


def fill(collected: Collected) -> None:
    """Add some events of each kind."""
    collected.sent("toolkit.run", ago=50)
    collected.sent("toolkit.list", ago=40, error=ConnectionError("no network"))
    collected.dropped("deploy", "refused for good", ago=30)
    collected.queued("toolkit.run", ago=20)
    collected.queued("chat", ago=10, error=ValueError("no such model"))


def test_it_filters_by_text_state_and_outcome(tab: Page, collected: Collected, machine: Machine) -> None:
    """All filters work together.

    The words may be in the command, the error, the reason or the payload, in upper or lower case.
    """
    fill(collected)
    with Serving(machine) as serving:
        look(tab, serving)
        count, text = tab.locator("#count"), tab.get_by_label("Search")
        expect(count).to_have_text("5 events")
        assert (count.get_attribute("role"), count.get_attribute("aria-live")) == ("status", "polite")
        text.fill("TOOLKIT")
        expect(count).to_have_text("3 of 5 events")
        assert commands(tab) == ["toolkit.run", "toolkit.list", "toolkit.run"]
        choose(tab, "Failed")
        assert commands(tab) == ["toolkit.list"]
        text.fill("no model")
        assert commands(tab) == ["chat"]
        text.fill("refused")
        expect(count).to_have_text("0 of 5 events")
        expect(tab.locator("#empty")).to_contain_text("No event matches the filter.")
        tab.get_by_role("button", name="Clear the filter").click()
        expect(count).to_have_text("5 events")
        choose(tab, "Queued")
        assert commands(tab) == ["chat", "toolkit.run"]
        choose(tab, "Succeeded")
        assert commands(tab) == ["toolkit.run"]
        choose(tab, "Failed")
        assert commands(tab) == ["chat"]
        assert re.match("1 command from .* 1 failed", tab.locator("#chart").get_attribute("aria-label") or "")
        tab.get_by_role("radio", name="All 5").last.click()
        choose(tab, "Dropped")
        assert commands(tab) == ["deploy"]
        text.fill('"command_name"')
        assert commands(tab) == ["deploy"]
        small = [each.inner_text() for each in tab.locator("#state small, #outcome small").all()]
        assert small == ["5", "2", "2", "1", "5", "3", "2"]


def test_the_export_is_what_is_filtered_with_exact_payloads(tab: Page, collected: Collected, machine: Machine) -> None:
    """The export is a file that never crossed a network. Its format is that of ``log --json``."""
    fill(collected)
    with Serving(machine) as serving:
        requests = look(tab, serving)
        before = len(requests)
        tab.get_by_label("Search").fill("toolkit")
        with tab.expect_download() as downloading:
            tab.get_by_role("button", name="Export as JSON").click()
        path = downloading.value.path()
        assert re.fullmatch(r"usage-[\dT-]+\.json", downloading.value.suggested_filename)
        assert [request.url for request in requests[before:] if not request.url.startswith("blob:")] == []
        text = path.read_text()
        exported = json.loads(text)["events"]
        served = [event for event in serving.data()["events"] if event["command"].startswith("toolkit")]
    assert [event["command"] for event in exported] == ["toolkit.run", "toolkit.list", "toolkit.run"]
    for out, event in zip(exported, served, strict=True):
        assert {name: out[name] for name in ("at", "ran", "state", "why", "lane", "command", "id")}.items() <= event.items()
        assert event["payload"] in text


def test_a_thousand_events_are_shown_filtered_and_opened(tab: Page, collected: Collected, machine: Machine) -> None:
    """A lane holds at most a thousand events."""
    for number in range(999):
        collected.queued(f"command{number}", ago=1000 - number)
    wanted = collected.queued("wanted", ago=500.5, error=ValueError("no luck"))
    with Serving(machine) as serving:
        look(tab, serving)
        expect(tab.locator("#count")).to_have_text("1,000 events")
        assert tab.locator(".row").count() == 1000
        tab.get_by_label("Search").fill("wanted")
        expect(tab.locator("#count")).to_have_text("1 of 1,000 events")
        assert commands(tab) == ["wanted"]
        tab.locator(".row:visible").click()
        assert tab.locator("pre").text_content() == json.dumps(wanted, indent=2)
        tab.get_by_label("Search").fill("")
        expect(tab.locator(".row:visible")).to_have_count(1000)


def test_refreshing_shows_what_has_happened_and_keeps_the_place(tab: Page, machine: Machine, posthog: FakePostHog) -> None:
    """Open payloads stay open, and the filter and the focus stay."""
    machine.run("hello")
    machine.settle()
    with Serving(machine) as serving:
        look(tab, serving)
        tab.locator(".row").click()
        tab.get_by_label("Search").fill("hello")
        machine.run("hello", "fail")
        machine.settle()
        tab.locator(".row").focus()
        tab.evaluate("document.getElementById('reload').click()")
        expect(tab.locator(".row")).to_have_count(2)
        assert tab.locator(".row").nth(0).get_attribute("aria-expanded") == "false"
        assert tab.locator(".row").nth(1).get_attribute("aria-expanded") == "true"
        assert tab.evaluate("document.activeElement === document.querySelectorAll('.row')[1]")
        assert tab.get_by_label("Search").input_value() == "hello"


def test_a_page_whose_program_has_ended_says_so(browser: BrowserContext, machine: Machine, collected: Collected) -> None:
    """The events that were shown before stay on the page."""
    collected.sent("one")
    page = browser.new_page()
    with Serving(machine) as serving:
        look(page, serving)
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("alert")).to_contain_text("has ended")
    assert commands(page) == ["one"]
    page.close()


# --- whatever a program has written is text -----------------------------------------------------------------------------------


def test_a_script_in_a_command_or_an_error_is_shown_and_not_run(tab: Page, machine: Machine, collected: Collected) -> None:
    """The script is in the name of a command, a message, a reason, an ID and a lane. The page shows it letter by letter."""
    collected.sent(SCRIPT, error=ValueError(SCRIPT))
    collected.raw({"at": 1.0, "state": "dropped", "lane": SCRIPT, "id": SCRIPT, "why": SCRIPT, "payload": [SCRIPT]})
    with Serving(machine) as serving:
        look(tab, serving)
        assert tab.locator(".command").first.text_content() == SCRIPT
        assert SCRIPT in (tab.locator(".error").first.text_content() or "")
        for each in tab.locator(".row").all():
            each.click()
        assert SCRIPT in (tab.locator("pre").first.text_content() or "")
        assert (tab.locator(".details").nth(1).text_content() or "").count(SCRIPT) == 4
        tab.get_by_label("Search").fill("<script>")
        expect(tab.locator("#count")).to_have_text("2 events")
        assert tab.evaluate("window.pwned") is None
        assert tab.locator("main img, main script").count() == 0


def test_controls_and_changes_of_direction_are_shown_escaped(tab: Page, machine: Machine, collected: Collected) -> None:
    """The texts are escape sequences, carriage returns and bidirectional controls in a command, an error, a lane and a reason."""
    hostile = "\x1b]0;owned\x07\r\u202egnp\u2066\u200b\u2028\x7f\x9b2J"
    collected.sent("one " + hostile, error=ValueError(hostile))
    collected.raw({"at": 1.0, "state": "dropped", "lane": hostile, "id": hostile, "why": hostile, "payload": [hostile]})
    with Serving(machine) as serving:
        look(tab, serving)
        for row in tab.locator(".row").all():
            row.click()
        expect(tab.locator("pre").first).to_be_visible()
        text = tab.locator("body").text_content() or ""
    assert "\\u202e" in text
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text) is None


def test_the_policy_stops_what_the_page_would_never_do(browser: BrowserContext, machine: Machine) -> None:
    """Even if the page had a hole, the policy would allow no inline script, no markup from text, and no request elsewhere."""
    page = browser.new_page()
    with Serving(machine) as serving:
        look(page, serving)
        held = page.evaluate(
            """async () => {
                const held = {};
                try { document.body.innerHTML = "<p>x</p>"; held.markup = false; } catch { held.markup = true; }
                const image = document.createElement("img");
                held.image = await new Promise((tell) => {
                    image.onerror = () => tell(true);
                    image.onload = () => tell(false);
                    image.src = "http://evil.example/x.png";
                });
                held.fetch = await fetch("http://evil.example/").then(() => false, () => true);
                const element = document.createElement("p");
                element.setAttribute("style", "position: fixed");
                held.style = element.style.position === "";
                return held;
            }"""
        )
        assert held == {"markup": True, "image": True, "fetch": True, "style": True}
    page.close()


# --- other sites in the same browser ------------------------------------------------------------------------------------------


@pytest.fixture
def other_site() -> Iterator[str]:
    """Another site, on another port of this machine, which is as near as a site can be."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = b"<!doctype html><title>x</title><link rel=icon href=data:,>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("name", ["127.0.0.1", "evil.example"])
def test_another_site_gets_nothing_even_if_it_knows_the_address(
    browser: BrowserContext, serving: Serving, other_site: str, name: str
) -> None:
    """The other site tries a script's address, an image, a frame, a request, a window and a link.

    It tries them from another port and from another name.
    """
    page = browser.new_page()
    page.goto(f"http://{other_site.replace('127.0.0.1', name)}/")
    answers: list[int] = []
    page.on("response", lambda response: answers.append(response.status) if serving.path in response.url else None)
    got = page.evaluate(
        """async (url) => {
            const element = (tag, set) => new Promise((tell) => {
                const made = document.createElement(tag);
                made.onload = () => tell("loaded");
                made.onerror = () => tell("error");
                set(made);
                document.body.append(made);
            });
            const got = {};
            got.script = await element("script", (made) => { made.src = url + "page.js"; });
            got.image = await element("img", (made) => { made.src = url + "icon.svg"; });
            got.fetch = await fetch(url + "events.json").then((answer) => answer.text(), () => "error");
            got.opaque = await fetch(url + "events.json", { mode: "no-cors" }).then(() => "loaded", () => "error");
            got.post = await fetch(url, { method: "POST", mode: "no-cors" }).then(() => "loaded", () => "error");
            const frame = document.createElement("iframe");
            const there = new Promise((tell) => { frame.onload = tell; });
            frame.src = url;
            document.body.append(frame);
            await there;
            try { got.frame = frame.contentWindow.document.body.innerText; } catch { got.frame = "error"; }
            return got;
        }""",
        serving.url,
    )
    assert got == dict.fromkeys(("script", "image", "fetch", "opaque", "post", "frame"), "error")
    page.evaluate("(url) => { location.href = url; }", serving.url)
    page.wait_for_url(serving.url)
    assert "Other sites have no access." in page.content()
    assert answers
    assert set(answers) <= {403}
    page.close()


def test_a_name_that_leads_to_the_page_gets_nothing(browser: BrowserContext, serving: Serving) -> None:
    """With DNS rebinding in a real browser, the page has the site's own origin, so no request is cross-site."""
    page = browser.new_page()
    answer = page.goto(serving.url.replace("127.0.0.1", "evil.example"))
    assert answer is not None
    assert answer.status == 403
    assert "The request names another host." in page.content()
    page.close()


# --- everybody ----------------------------------------------------------------------------------------------------------------


def test_it_fits_a_phone(tab: Page, machine: Machine, collected: Collected) -> None:
    """On a screen of 360 pixels, nothing scrolls sideways, whatever the words are. Every control is large enough to touch."""
    fill(collected)
    collected.sent("a" * 120, error=ValueError("b" * 290))
    collected.dropped("x.y", "c" * 200)
    tab.set_viewport_size({"width": 360, "height": 740})
    with Serving(machine) as serving:
        look(tab, serving)
        for each in tab.locator(".row").all():
            each.click()
        wide = tab.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]")
        assert max(wide) <= 360
        outside = tab.evaluate(
            """() => [...document.querySelectorAll("main *, header *")].filter((each) => {
                const box = each.getBoundingClientRect();
                return box.width > 1 && !each.closest(".skip") && (box.right > 360.5 || box.left < -0.5);
            }).map((each) => each.outerHTML.slice(0, 80))"""
        )
        assert outside == []
        small = tab.evaluate(
            """() => [...document.querySelectorAll("button, .choice, input[type=search]")]
                .filter((each) => each.checkVisibility())
                .filter((each) => each.getBoundingClientRect().height < 24 || each.getBoundingClientRect().width < 24)
                .map((each) => each.outerHTML.slice(0, 80))"""
        )
        assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_everybody(tab: Page, machine: Machine, collected: Collected, scheme: str) -> None:
    """The page follows those rules of WCAG 2.1 AA that a program can check (audit.js), in both colour schemes."""
    fill(collected)
    collected.fails("HTTP 503")
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    with Serving(machine) as serving:
        look(tab, serving)
        for each in tab.locator(".row").all():
            each.click()
        back = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", back))) < 200) == (scheme == "dark")
        audited = tab.evaluate(AUDIT)
        assert audited["texts"] > 100
        assert audited["faults"] == []
        tab.get_by_label("Search").fill("there is no such thing")
        assert tab.evaluate(AUDIT)["faults"] == []


def test_a_screen_reader_hears_what_the_eye_sees(tab: Page, machine: Machine, collected: Collected) -> None:
    """The page has a list of buttons under a heading for each day.

    Each button says everything that its row shows, in words with pauses between them.
    """
    collected.dropped("deploy", "refused for good", error=ValueError("no luck"))
    with Serving(machine) as serving:
        look(tab, serving)
        tree = tab.locator("body").aria_snapshot()
    assert '- heading "Usage data on this machine" [level=1]' in tree
    assert '- heading "Today" [level=3]' in tree
    assert '- list "Today"' in tree
    assert '- group "Delivery status"' in tree
    assert '- radio "All 1" [checked]' in tree
    assert '- searchbox "Search"' in tree
    assert "- status: 1 event" in tree
    pattern = (
        r'button "\d\d:\d\d:\d\d,? ?deploy ?, outcome: failed \(1\) ?, duration: 12 ms ?, '
        r'delivery status: dropped \d\d:\d\d:\d\d, refused for good ?, error: ValueError: no luck"'
    )
    assert re.search(pattern, tree), tree


def test_nothing_moves_for_whoever_asked_for_that(tab: Page, machine: Machine, collected: Collected) -> None:
    """The browser asks for ``prefers-reduced-motion``."""
    collected.sent("one")
    with Serving(machine) as serving:
        look(tab, serving)
        moving = "getComputedStyle(document.querySelector('.row'), '::before').transitionDuration"
        assert tab.evaluate(moving) != "0s"
        tab.emulate_media(reduced_motion="reduce")
        assert tab.evaluate(moving) == "0s"
