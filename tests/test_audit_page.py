"""The report's page in a real browser: nothing hostile runs, it is quick, and all can use it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from publisher.audit import shown
from publisher.audit.html import PRINTED_ROWS, render
from publisher.audit.report import BAD, Report
from publisher.audit.words import Language
from tests.reports import HOSTILE, happy_report, large_report

pytestmark = pytest.mark.real

ROWS = 50_000
# A row of the table is in the document only while it can be seen.
SEEN_MAX = 60
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def large() -> Report:
    return large_report(ROWS)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, large: Report) -> dict[str, Path]:
    """The pages, as files: `large` has 50,000 rows, `full` all sections and few rows."""
    folder = tmp_path_factory.mktemp("pages")
    reports = {"large": large, "full": large_report(600), "happy": happy_report()}
    reports["empty"] = msgspec.structs.replace(happy_report(), rows=())
    found = {}
    for name, report in reports.items():
        for language in ("ja", "en"):
            if name != "large" or language == "ja":
                found[f"{name}-{language}"] = folder / f"{name}-{language}.html"
                found[f"{name}-{language}"].write_text(render(report, language), encoding="utf-8")
    return found


@pytest.fixture
def show(browser: Browser, files: dict[str, Path]) -> Iterator[Open]:
    """Opens a page. At the end nothing may have run, been refused by the policy or asked for."""
    problems: list[str] = []
    opened: list[Page] = []

    def show(name: str, state: str = "", width: int = 1280, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        page.on("console", lambda message: problems.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.on("request", lambda request: problems.append(request.url)
                if not request.url.startswith("file:") else None)  # fmt: skip
        page.goto(files[name].as_uri() + state)
        opened.append(page)
        return page

    yield show
    for page in opened:
        assert page.evaluate("window.__ran") is None
        assert not page.evaluate("({}).__ran")
        page.context.close()
    assert not problems


def count(page: Page, words: str) -> None:
    page.locator("#count", has_text=words).wait_for(timeout=10_000)


def rows(page: Page) -> list[str]:
    return page.locator("#space > .row .toggle").all_inner_texts()


def test_hostile_rows_are_shown_as_texts_and_lead_nowhere(show: Open, large: Report) -> None:
    page = show("large-ja")
    for url in HOSTILE:
        page.evaluate("row => { location.hash = 'sort=' + row }", "url")
        words = shown.decoded(url).split()
        page.fill("#q", words[0][:80] if words else "存在しない")
        page.wait_for_timeout(20)
        toggles = page.locator("#space .toggle")
        if toggles.count():
            toggles.first.click()
            for anchor in page.locator(".detail a").all():
                assert anchor.get_attribute("href").startswith("https://www.example.co.jp/")
                assert anchor.get_attribute("rel") == "noreferrer noopener"
    # Each of them, in every place of a row.
    page.evaluate("location.hash = 'source=log&change=worse&finding=wrong-page&sort=lost'")
    seen = set()
    for index in range(len(HOSTILE)):
        page.locator("#body").evaluate("(body, y) => { body.scrollTop = y }", index * 58)
        page.wait_for_timeout(30)
        row = page.locator(f'[data-index="{index}"]')
        if not row.count():
            break
        row.locator(".toggle").click()
        seen.add(page.locator(".detail .raw").first.inner_text())
        page.locator(f'[data-index="{index}"] .toggle').click()
    assert any("<script>window.__ran=1</script>" in text for text in seen)
    assert not page.locator("#space img, #space script, main img").count()


def test_the_page_shows_texts_as_python_does(show: Open, large: Report) -> None:
    page = show("full-ja")
    urls = sorted({row.url for row in large_report(600).rows})
    page.locator("#body").evaluate("body => { body.style.height = '60000px' }")
    page.evaluate("location.hash = 'sort=url'")
    page.wait_for_timeout(100)
    found = page.locator("#space .toggle .url").evaluate_all(
        """all => all.map(one => [...one.childNodes].map(
               piece => piece.nodeType === 3 ? piece.data : `[${piece.textContent}]`).join(''))"""
    )
    expected = {cut(url) for url in urls}
    assert len(found) == 600
    assert set(found) == expected


def cut(url: str) -> str:
    text = shown.decoded(url) or shown.NOTHING
    return shown.visible(text[:300]) + ("…" if len(text) > 300 else "")


def test_only_what_can_be_seen_is_in_the_document(show: Open, record_property: Callable) -> None:
    start = time.monotonic()
    page = show("large-ja")
    count(page, "50,000件中50,000件")
    loaded_ms = (time.monotonic() - start) * 1000
    assert page.get_attribute("#table", "aria-rowcount") == str(ROWS + 1)
    worst = page.evaluate(
        """async () => {
          const body = document.getElementById('body');
          let last = performance.now(), worst = 0, most = 0, frames = 0, long = 0;
          for (let y = 0; y < body.scrollHeight && frames < 240; y += 2111, frames++) {
            body.scrollTop = y;
            await new Promise(requestAnimationFrame);
            const now = performance.now();
            if (frames > 2) { worst = Math.max(worst, now - last); long += now - last > 50; }
            last = now;
            most = Math.max(most, document.querySelectorAll('#space > .row').length);
          }
          body.scrollTop = body.scrollHeight;
          await new Promise(done => setTimeout(done, 100));
          const indexes = [...document.querySelectorAll('#space > .row')].map(
            row => Number(row.getAttribute('aria-rowindex')));
          return {worst, most, frames, long, last: Math.max(...indexes)};
        }"""
    )
    assert worst["most"] <= SEEN_MAX
    assert worst["last"] == ROWS + 1
    assert page.locator("*").count() < 6_000
    told = f"loaded in {loaded_ms:.0f} ms; {worst['frames']} frames of scrolling, " \
           f"{worst['long']} longer than 50 ms, the longest {worst['worst']:.0f} ms"  # fmt: skip
    print(told)
    record_property("scrolling", told)


def test_text_is_found_while_it_is_typed(
    show: Open, large: Report, record_property: Callable
) -> None:
    page = show("large-ja")
    times = page.evaluate(
        """async () => {
          const q = document.getElementById('q'), times = [];
          for (const text of ['桜', '桜餅', '桜餅-', '桜餅-1', '%E6%A1%9C%E9%A4%85-1',
                              'https://www.example.co.jp/2019/桜餅', 'ＢＬＯＧ', '']) {
            q.value = text;
            const start = performance.now();
            q.dispatchEvent(new Event('input', {bubbles: true}));
            times.push([text, performance.now() - start,
                        document.getElementById('table').getAttribute('aria-rowcount') - 1]);
            await new Promise(done => setTimeout(done, 30));
          }
          return times;
        }"""
    )
    found = {text: number for text, _, number in times}

    def holding(text: str) -> int:
        return sum(
            text in "\n".join((shown.decoded(row.url), shown.decoded(row.target), row.title,
                               shown.decoded(row.rule))).lower()
            for row in large.rows
        )  # fmt: skip

    assert found["桜餅-1"] == found["%E6%A1%9C%E9%A4%85-1"] == holding("桜餅-1") > 100
    assert 0 < found["https://www.example.co.jp/2019/桜餅"] == holding("/2019/桜餅")
    assert found["ＢＬＯＧ"] == holding("blog")
    assert found[""] == ROWS
    told = "a key: " + ", ".join(f"{ms:.0f} ms ({n:,})" for _, ms, n in times)
    print(told)
    record_property("typing", told)


def test_filters_and_sorting_are_kept_in_the_address(show: Open, large: Report) -> None:
    page = show("large-ja")
    page.select_option("#outcome", "lost")
    page.select_option("#source", "search")
    page.click("[data-column=hits] button")
    wanted = sorted(
        (
            row.measures.hits
            for row in large.rows
            if row.outcome == "lost" and "search" in row.sources
        ),
        reverse=True,
    )
    count(page, f"50,000件中{len(wanted):,}件")
    assert page.get_attribute("[data-column=hits]", "aria-sort") == "descending"
    cells = page.locator("#space > .row .c-hits").all_inner_texts()
    assert [int(cell.replace(",", "").replace("–", "0")) for cell in cells] == wanted[: len(cells)]
    state = page.evaluate("location.hash")
    assert state == "#outcome=lost&source=search&sort=-hits"

    again = show("large-ja", state)
    count(again, f"50,000件中{len(wanted):,}件")
    assert rows(again) == rows(page)
    again.click("#clear")
    count(again, "50,000件中50,000件")
    again.evaluate("location.hash = 'outcome=nonsense&sort=constructor&finding=__proto__'")
    count(again, "50,000件中50,000件")


def test_figures_of_the_summary_open_their_rows(show: Open, large: Report) -> None:
    page = show("large-ja")
    page.click("text=件が消失または不良です")
    bad = sum(row.outcome in BAD for row in large.rows)
    count(page, f"50,000件中{bad:,}件")
    assert page.locator("#rows-h").is_visible()
    page.locator("#kinds ~ .scroll a", has_text="ページが見つかりません").click()
    missing = sum(any(one.kind == "not-found" for one in row.findings) for row in large.rows)
    count(page, f"50,000件中{missing:,}件")


def test_the_table_is_used_with_the_keyboard(show: Open) -> None:
    page = show("large-ja")
    page.focus("#clear")
    page.focus("[data-column=change] button")
    page.keyboard.press("Tab")
    at = "document.activeElement.closest('.row')?.getAttribute('aria-rowindex')"
    if page.evaluate(at) is None:  # a box that scrolls may take the focus first
        page.keyboard.press("Tab")
    assert page.evaluate(at) == "2"
    for key, index in (("ArrowDown", "3"), ("End", str(ROWS + 1)), ("ArrowUp", str(ROWS)),
                       ("Home", "2"), ("ArrowUp", "2")):  # fmt: skip
        page.keyboard.press(key)
        assert page.evaluate(at) == index, key
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    assert page.locator("#details").is_visible()
    assert page.locator(".row").nth(1).bounding_box()["y"] >= sum(
        page.locator("#details").bounding_box()[side] for side in ("y", "height")
    )
    page.keyboard.press("Enter")
    assert not page.locator("#details").count()
    # One stop for Tab, however many rows there are.
    assert page.locator("#space .toggle[tabindex='0']").count() == 1


def test_a_row_opens_to_all_that_is_known_of_it(show: Open) -> None:
    page = show("full-en", "#finding=not-found")
    page.locator("#space .toggle").first.click()
    text = page.locator("#details").inner_text()
    for words in ("Critical", "Not found", "Redirect it to the page", "As it is sent",
                  "Known from", "Decided by", "Live site", "Worth"):  # fmt: skip
        assert words in text


def test_a_page_without_rows_works(show: Open) -> None:
    page = show("empty-ja")
    count(page, "0件中0件")
    assert page.locator("#none").is_visible()
    page.fill("#q", "桜")
    count(page, "0件中0件")


def test_rules_are_copied_without_guesses_and_commands(show: Open, large: Report) -> None:
    page = show("large-ja", "#outcome=lost,broken")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#rules")
    page.locator("#rules", has_text="件のルールをコピーしました").wait_for()
    lines = page.evaluate("navigator.clipboard.readText()").strip().split("\n")
    sure = [row.fix for row in large.rows if row.fix and not row.fix.guess]
    assert lines[0] == "from,to,status"
    assert len(lines) == 1 + len(sure)
    assert f"{sure[0].source},{sure[0].target},301" in lines
    page.locator(".losses .copy").first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert not re.search(r"[\x00-\x1f]", copied)
    assert copied.endswith(",301")


@pytest.mark.parametrize("name", ["full-ja", "full-en", "happy-ja", "happy-en"])
@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_wherever_it_is_looked_at(
    show: Open, name: str, width: int, scheme: str, tmp_path: Path
) -> None:
    page = show(name, width=width, scheme=scheme)
    if name.startswith("full"):
        page.locator("#space .toggle").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    image = page.screenshot(path=str(tmp_path / f"{name}-{width}-{scheme}.png"), full_page=True)
    assert int.from_bytes(image[16:20], "big") == width
    assert len(image) > 40_000
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(map(int, re.findall(r"\d+", background)[:3])) / 3
    assert (lightness > 128) == (scheme == "light")
    # What is not in a box that scrolls ends within the page.
    outside = page.evaluate(
        """() => [...document.querySelectorAll('main *, header *')].filter(one =>
             !one.closest('.scroll, #body, .contents, .skip, .only-wide, .only-narrow, details') &&
             one.getBoundingClientRect().right > innerWidth + 1
           ).map(one => one.outerHTML.slice(0, 99))"""
    )
    assert outside == []


@pytest.mark.parametrize("name", ["full-ja", "happy-en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(show: Open, name: str, scheme: str, width: int) -> None:
    page = show(name, width=width, scheme=scheme)
    page.locator("#space .toggle").first.click()
    found = Axe().run(page).response["violations"]
    assert not found, json.dumps(
        [(one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:5]])
         for one in found], indent=1, ensure_ascii=False
    )  # fmt: skip


def test_a_print_has_the_summary_and_the_first_rows(show: Open, tmp_path: Path) -> None:
    page = show("large-ja", scheme="dark")
    page.emulate_media(media="print", color_scheme="light")
    printed = page.locator(".printed")
    assert f"50,000件のうち先頭の{PRINTED_ROWS}件" in printed.inner_text()
    assert printed.locator("tbody tr").count() == PRINTED_ROWS
    assert not page.locator("#list").is_visible()
    assert not page.locator(".contents").is_visible()
    pdf = page.pdf(path=str(tmp_path / "report.pdf"), prefer_css_page_size=True, format="A4")
    assert pdf.startswith(b"%PDF-")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 30


def test_without_javascript_it_says_so_and_shows_the_first_rows(
    browser: Browser, files: dict[str, Path]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(files["full-en"].as_uri())
    assert page.locator("text=The list needs JavaScript").is_visible()
    assert page.locator(".printed tbody tr").count() == PRINTED_ROWS
    assert page.locator("#result").is_visible()
    context.close()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_page_of_50000_rows_can_be_sent(language: Language, large: Report) -> None:
    size = len(render(large, language).encode())
    print(f"{ROWS:,} rows: {size / 1e6:.1f} MB")
    assert size < 15_000_000
