"""The report in a real browser: its errors, pictures, names, keys, widths and print."""

import base64
import os
import shutil
from itertools import pairwise

import numpy as np
import pytest

import fastopt

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="there is no Chromium with its driver"),
    pytest.mark.slow,
]
HOSTILE = "<img src=x onerror=\"document.title='broken'\">"


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for switch in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # With the libraries of the sanitizers, which are for Python alone, the driver does not start.
    environment = {name: v for name, v in os.environ.items() if name != "LD_PRELOAD"}
    driver = webdriver.Chrome(options=options, service=Service(DRIVER, env=environment))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    random = np.random.default_rng(0)
    X = random.uniform(-1, 1, (200, 2))
    y = np.sin(3 * X[:, 0]) + X[:, 1]
    net = fastopt.MLP([2, 8, 1], random_state=0)
    history = net.fit(X, y, "lm", epochs=20, validation_split=0.2)
    names = [HOSTILE, "a column with a long name " * 8]
    folder = tmp_path_factory.mktemp("report")
    return fastopt.report(net, history, X, y, folder / "r.html", feature_names=names, title="Title")


@pytest.fixture(params=[1100, 400])
def page(browser, path, request):
    size = {"width": request.param, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get_log("browser")
    browser.get(path.as_uri())
    return browser


def test_nothing_goes_wrong_and_nothing_is_wider_than_the_page(page):
    width, inner = page.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert width <= inner
    assert page.get_log("browser") == []
    assert page.title == "Title"
    assert page.find_elements(By.TAG_NAME, "img") == []
    loaded = page.execute_script("return performance.getEntriesByType('resource').length")
    assert loaded == 0


def test_pictures_are_there(page):
    figures = page.find_elements(By.CSS_SELECTOR, "figure.chart")
    assert len(figures) >= 5
    for figure in figures:
        size = page.execute_script(
            "const svg = arguments[0].querySelector('svg'), box = svg.getBoundingClientRect();"
            "const drawn = [...svg.querySelectorAll('path')].map((p) => p.getTotalLength());"
            "return [box.width, box.height, Math.max(...drawn), getComputedStyle("
            "svg.querySelector('.s0')).stroke]",
            figure,
        )
        points = figure.find_elements(By.CSS_SELECTOR, "svg .points")
        assert size[0] > 250
        assert size[1] > 150
        assert size[2] > 100 or points
        assert figure.find_elements(By.CSS_SELECTOR, ".ticks .x")
        assert figure.find_elements(By.CSS_SELECTOR, ".ticks .y")


def test_names_for_screen_readers(page):
    """As the browser's own tree of accessibility tells them."""
    page.execute_cdp_cmd("Accessibility.enable", {})
    nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = {}
    for node in nodes:
        if not node.get("ignored"):
            role, name = node["role"]["value"], node.get("name", {}).get("value", "")
            named.setdefault(role, []).append(name)
    for role in ("image", "slider", "button", "table", "navigation", "link", "columnheader"):
        names = named[role] if role in named else named["img"]
        if role == "columnheader":  # of the bars of the importance
            names = [name for name in names if name] or [""]
        assert all(name.strip() for name in names), role
    assert any("Loss. The training loss goes from" in name for name in named.get("image", []))
    assert len(set(named["button"])) == len(named["button"])
    headings = page.find_elements(By.CSS_SELECTOR, "h1, h2, h3")
    levels = [int(heading.tag_name[1]) for heading in headings]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.execute_script("return document.documentElement.lang") == "en"


def test_curves_are_read_off_and_zoomed_by_keys(page):
    figure = page.find_element(By.CSS_SELECTOR, "figure.chart")
    slider = figure.find_element(By.CSS_SELECTOR, "input[type=range]")
    slider.send_keys(Keys.END)
    told = figure.find_element(By.TAG_NAME, "output").text
    assert told.startswith("epoch 20: training ")
    assert slider.get_attribute("aria-valuetext") == told
    slider.send_keys(Keys.ARROW_LEFT)
    assert figure.find_element(By.TAG_NAME, "output").text.startswith("epoch 19: ")
    svg = figure.find_element(By.TAG_NAME, "svg")
    before = [tick.text for tick in figure.find_elements(By.CSS_SELECTOR, ".ticks .x")]
    closer = figure.find_element(By.XPATH, ".//button[text()='Zoom in']")
    closer.send_keys(Keys.ENTER)
    closer.send_keys(Keys.SPACE)
    x, _, width, height = (float(v) for v in svg.get_dom_attribute("viewBox").split())
    assert (width, height) == (250, 250)
    assert x > 500, "around the place that is read"
    assert [t.text for t in figure.find_elements(By.CSS_SELECTOR, ".ticks .x")] != before
    figure.find_element(By.XPATH, ".//button[text()='Show all']").send_keys(Keys.ENTER)
    assert svg.get_dom_attribute("viewBox") == "0 0 1000 1000"
    assert [t.text for t in figure.find_elements(By.CSS_SELECTOR, ".ticks .x")] == before


def test_all_that_can_be_used_is_reached_by_tab(page):
    reached = page.execute_script(
        "return [...document.querySelectorAll('a, button, input, summary, .scroll')]"
        ".every((e) => e.tabIndex >= 0)"
    )
    assert reached


def test_the_mouse_zooms_and_reads(page):
    figure = page.find_element(By.CSS_SELECTOR, "figure.chart")
    svg = figure.find_element(By.TAG_NAME, "svg")
    width, height = svg.size["width"], svg.size["height"]
    actions = webdriver.ActionChains(page)
    actions.move_to_element_with_offset(svg, -width // 4, -height // 4).click_and_hold()
    actions.move_by_offset(width // 2, height // 2).release().perform()
    box = [float(v) for v in svg.get_dom_attribute("viewBox").split()]
    np.testing.assert_allclose(box, [250, 250, 500, 500], atol=15)
    webdriver.ActionChains(page).move_to_element(svg).perform()
    assert figure.find_element(By.TAG_NAME, "output").text.startswith("epoch 1")
    webdriver.ActionChains(page).double_click(svg).perform()
    assert svg.get_dom_attribute("viewBox") == "0 0 1000 1000"


def test_it_follows_a_dark_scheme(page):
    def colours():
        script = "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
        return [np.mean(eval(c.removeprefix("rgb"))) for c in page.execute_script(script)]

    for scheme, sign in (("light", 1), ("dark", -1)):
        features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
        ink, paper = colours()
        assert sign * (paper - ink) > 150
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_it_prints(page):
    pdf = base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") >= 2 or len(pdf) > 30_000
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = page.execute_script(
        "return ['.controls', 'nav', 'svg', 'table'].map((s) => getComputedStyle("
        "document.querySelector(s)).display)"
    )
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert shown[:2] == ["none", "none"]
    assert "none" not in shown[2:]
