//! What is where on screens of all sizes: nothing covers another thing, is cut off or out of reach.

use serde_json::json;

use super::driver::Browser;
use super::server;
use super::tab::Tab;
use crate::harness::people;

const ESCAPE: &str = "\u{e00c}";

/// Sizes of screens; the last is a small phone with its keyboard open.
const SIZES: [[u32; 2]; 4] = [[1280, 800], [1920, 1080], [390, 844], [320, 256]];

#[track_caller]
fn has_size(tab: &Tab, [width, height]: [u32; 2]) {
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    tab.devtools("Emulation.setDeviceMetricsOverride", size);
    tab.has("[innerWidth, innerHeight]", json!([width, height]));
}

#[track_caller]
fn is_whole(tab: &Tab, what: &str, size: [u32; 2]) {
    tab.has("document.getAnimations().length", 0);
    let problems = tab.run(PROBLEMS, &[]);
    assert_eq!(problems, json!([]), "{what} at {size:?}");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn nothing_is_covered_or_cut_off_on_any_screen() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server);
    alice.run("document.querySelector('#name').select()", &[]);
    alice.type_into("#name", "José Müller");
    alice.click("#has-account");
    for size in SIZES {
        has_size(&alice, size);
        is_whole(&alice, "the first visit", size);
    }
    let alice = alice.named("a-name-of-16-abc");
    alice.says("/join a-room-with-a-name-of-32-letters");
    alice.shows_in("#room", "a-room-with-a-name-of-32-letters");
    bob.ask("/join a-room-with-a-name-of-32-letters");
    alice.says(&format!("/topic {}", "the topic ".repeat(20)));
    bob.ask(&format!("{}\n{}\nשלום `code` مرحبا", "x".repeat(300), "word ".repeat(60)));
    alice.shows("said", "bob", "שלום `code` مرحبا");
    for size in SIZES {
        has_size(&alice, size);
        is_whole(&alice, "a room", size);
        alice.types("/");
        is_whole(&alice, "the commands", size);
        alice.types(&format!("{ESCAPE}\u{e003}"));
        for opener in ["nick", "prefer", "setup"] {
            alice.run(&format!("document.querySelector('#{opener}').click()"), &[]);
            alice.has("document.querySelector('dialog:modal') !== null", true);
            is_whole(&alice, opener, size);
            alice.press(&[ESCAPE]);
            alice.has("document.querySelector('dialog:modal')", json!(null));
        }
        if size[0] < 800 {
            alice.click("#menu");
            is_whole(&alice, "the side", size);
            alice.press(&[ESCAPE]);
        }
    }
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn lines_read_from_their_side_and_have_their_time_beside_them() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    has_size(&alice, [1920, 1080]);
    bob.ask("hello\nשלום\nمرحبا");
    alice.shows("said", "bob", "مرحبا");
    let sides = "[...document.querySelectorAll('#log > [data-kind=said] .text')]
        .map((text) => getComputedStyle(text).direction)";
    alice.has(sides, json!(["ltr", "rtl", "rtl"]));
    let away = "Math.max(...[...document.querySelectorAll('#log > [data-kind=said]')].map((line) =>
        line.querySelector('time').getBoundingClientRect().left
            - line.querySelector('.text').getBoundingClientRect().right))";
    alice.has(&format!("{away} < 40"), true);
}

/// What is wrong with what is shown: a modal dialog, the side of a narrow screen, or the page.
const PROBLEMS: &str = "
    const modal = document.querySelector('dialog:modal');
    const side = document.body.hasAttribute('data-side') && document.querySelector('#side');
    const scope = modal ?? (side || document.body);
    const box = (one) => one.getBoundingClientRect();
    const things = [...scope.querySelectorAll(
        'button, input, select, textarea, h1, h2, label, #topic, #status, #choices li')]
        .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
        .filter((one) => one.matches('button, input') || (box(one).width && box(one).height));
    const name = (one) => one.id || one.name || one.textContent.trim() || one.outerHTML;
    const scrolls = (one) => one && (/auto|scroll/.test(getComputedStyle(one).overflowY)
        && one.scrollHeight > one.clientHeight + 1 || scrolls(one.parentElement));
    const problems = [];
    for (const one of things) {
        const { left, right, top, bottom, width, height } = box(one);
        const isOut = left < -0.6 || right > innerWidth + 0.6
            || !scrolls(one) && (top < -0.6 || bottom > innerHeight + 0.6);
        if (isOut || !width || !height) problems.push(`${name(one)} is not on the screen`);
        const style = getComputedStyle(one);
        if (/hidden|clip/.test(style.overflowX) && style.textOverflow !== 'ellipsis'
            && !one.matches('input, select, textarea') && one.scrollWidth > one.clientWidth + 1) {
            problems.push(`${name(one)} is cut off`);
        }
        const target = box(one.closest('label') ?? one);
        if (one.matches('button, input, select, textarea') && Math.min(target.width, target.height) < 23.9) {
            problems.push(`${name(one)} is hard to hit`);
        }
        const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        const isHit = !hit || one.contains(hit) || hit.contains(one) || hit.closest('#choices');
        if (!isHit && !scrolls(one)) problems.push(`${name(one)} is covered by ${name(hit)}`);
    }
    const leaves = things.filter((one) => !one.closest('#choices, label')
        && !things.some((other) => other !== one && one.contains(other)));
    leaves.forEach((one, number) => leaves.slice(number + 1).forEach((other) => {
        const [a, b] = [box(one), box(other)];
        const isOver = a.left < b.right - 1 && b.left < a.right - 1
            && a.top < b.bottom - 1 && b.top < a.bottom - 1;
        if (isOver && Boolean(scrolls(one)) === Boolean(scrolls(other))) {
            problems.push(`${name(one)} overlaps ${name(other)}`);
        }
    }));
    if (document.documentElement.scrollWidth > innerWidth) problems.push('the page scrolls');
    return problems";
