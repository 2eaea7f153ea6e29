//! The console page in a real browser, against a running demonstration.
//!
//! Skipped where no Chromium is installed, unless `FARREACH_BROWSER=required` (as `./check` sets it).
//! With `FARREACH_SCREENSHOTS=DIR` the pictures for the documents are written there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test"
)]

#[path = "support/cdp.rs"]
mod cdp;
#[path = "support/process.rs"]
mod process;

use std::path::Path;

use cdp::{Browser, Mouse, Page};
use process::{Folder, PATIENCE, Running};

/// A demonstration with its page open in a browser.
struct Theatre {
    page: Page,
    browser: Browser,
    demo: Running,
    _folder: Folder,
}

impl Theatre {
    /// `None` where there is no browser and none is required.
    fn open(name: &str, hand: &str) -> Option<Self> {
        Self::open_with(name, &["--hand", hand])
    }

    /// The same with other options of the demonstration.
    fn open_with(name: &str, options: &[&str]) -> Option<Self> {
        let folder = Folder::new(name);
        let browser = match Browser::launch(Path::new(&folder.path("profile"))) {
            Ok(browser) => browser,
            Err(e) if std::env::var("FARREACH_BROWSER").as_deref() == Ok("required") => {
                panic!("a browser is required: {e}")
            }
            Err(e) => {
                eprintln!("skipped, no browser: {e}");
                return None;
            }
        };
        let mut demo =
            Running::start(&[&["-v", "demo", "--page", "127.0.0.1:0"], options].concat());
        let line = demo.wait_for(&["Open http://"]);
        let url = line.trim_start_matches("Open ").trim().to_owned();
        let page = browser.open(&format!("{url}&test=1")).unwrap();
        page.viewport(1280, 720).unwrap();
        Some(Self { page, browser, demo, _folder: folder })
    }

    fn wait(&self, js: &str) {
        if let Err(e) = self.page.wait_for(js, PATIENCE) {
            let text = self.page.eval("document.body.innerText").unwrap();
            panic!(
                "{js}: {e}\nthe page says: {text}\nthe demo says: {}",
                self.demo.said().join("\n")
            );
        }
    }

    fn wait_state(&self, state: &str) {
        self.wait(&format!("document.querySelector('#chip').dataset.state === '{state}'"));
    }

    /// Grey values on a coarse grid of the picture on the screen.
    fn sample(&self) -> Vec<f64> {
        let grid = self.page.eval("farreachTest.samplePicture()").unwrap();
        grid.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    }

    fn probe(&self, axis: &str) -> f64 {
        // A status that is late shows a dash.
        self.wait(&format!("!document.querySelector('#probe-{axis}').textContent.includes('--')"));
        let text = self.page.text_of(&format!("#probe-{axis}")).unwrap();
        let number = text.split_whitespace().nth(1).unwrap_or_default();
        number.parse().unwrap_or_else(|_| panic!("the probe is at `{text}`"))
    }

    /// Presses the pad and waits until the robot follows; returns where the pointer is.
    fn hold_pad(&self) -> (f64, f64) {
        self.wait("document.querySelector('#pad').dataset.hold === 'free'");
        let (x, y) = self.page.middle_of("#pad").unwrap();
        self.page.mouse(Mouse::Move, x, y).unwrap();
        self.page.mouse(Mouse::Press, x, y).unwrap();
        self.wait(
            "['ENGAGED', 'DEGRADED'].includes(document.querySelector('#chip').dataset.state)",
        );
        (x, y)
    }

    fn screenshot(&self, name: &str) {
        if let Ok(folder) = std::env::var("FARREACH_SCREENSHOTS") {
            self.page.screenshot(&Path::new(&folder).join(format!("{name}.png"))).unwrap();
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The main job: a hand on the page moves a probe in another thread of the world, and the picture
/// that results comes back.
#[test]
fn a_person_steers_the_probe_and_sees_the_picture_that_results() {
    let Some(t) = Theatre::open("steers", "pad") else { return };
    t.wait_state("READY");
    t.page
        .eval("(() => { const f = document.querySelector('#pad-force'); f.value = 5; f.dispatchEvent(new Event('input')); })()")
        .unwrap();
    let (x, y) = t.hold_pad();
    // The force loop keeps the probe on the skin; a picture is there.
    t.wait(
        "(async () => { const g = await farreachTest.samplePicture(); \
            return g.reduce((a, b) => a + b, 0) / g.length > 12; })()",
    );
    let (before, from) = (t.sample(), t.probe("x"));
    t.page.mouse(Mouse::Move, x + 60.0, y).unwrap();
    t.wait(&format!(
        "parseFloat(document.querySelector('#probe-x').textContent.split(' ')[1]) > {}",
        from + 8.0
    ));
    t.screenshot("engaged");
    let after = t.sample();
    let change = mean(&before.iter().zip(&after).map(|(a, b)| (a - b).abs()).collect::<Vec<_>>());
    assert!(change > 2.0, "the picture changed by {change} grey values");
    t.page.mouse(Mouse::Release, x + 60.0, y).unwrap();
    t.wait_state("HOLD");
    t.wait("document.querySelector('#reason').dataset.code === 'DEADMAN'");
    t.screenshot("hold");
    let stands = t.probe("x");
    std::thread::sleep(std::time::Duration::from_millis(500));
    // Whole millimetres are shown, and the arm swings in by a fraction of one.
    assert!((t.probe("x") - stands).abs() < 2.5, "it went on without a hand");
    let share = t
        .page
        .eval(
            "(() => { const f = document.querySelector('#picture-frame').getBoundingClientRect(); \
             return f.width * f.height / (innerWidth * innerHeight); })()",
        )
        .unwrap();
    assert!(share.as_f64().unwrap() >= 0.65, "the picture has {share} of the page");
    assert_eq!(t.page.console_errors(), Vec::<String>::new());
}

/// VIEW-AGE: a page that presents nothing more makes the robot hold, and nothing moves again until
/// release and press.
#[test]
fn a_page_that_presents_nothing_makes_the_robot_hold() {
    let Some(mut t) = Theatre::open("suppressed", "pad") else { return };
    t.wait_state("READY");
    let (x, y) = t.hold_pad();
    let from = t.demo.said().len();
    t.page.eval("farreachTest.suppressPresented(true)").unwrap();
    t.demo.wait_from(from, &["-> HOLD", "VIEW-AGE"]);
    t.wait_state("HOLD");
    t.screenshot("stale");
    t.page.eval("farreachTest.suppressPresented(false)").unwrap();
    let from = t.demo.said().len();
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    assert!(
        !t.demo.said()[from..].iter().any(|l| l.contains("-> ENGAGED")),
        "it engaged by itself: {:?}",
        &t.demo.said()[from..]
    );
    t.page.mouse(Mouse::Release, x, y).unwrap();
    t.hold_pad();
}

/// VIEW-AGE, MEDIA-STALL: whoever freezes the picture has a robot that holds; pictures alone do not make it go on.
#[test]
fn a_picture_that_is_frozen_from_the_page_makes_the_robot_hold() {
    let Some(mut t) = Theatre::open("knobs", "pad") else { return };
    t.wait_state("READY");
    let depth = |mm| format!("document.querySelector('#depth-value').textContent === '{mm} mm'");
    t.wait(&depth(160));
    t.page.eval("document.querySelector('#depth-less').click()").unwrap();
    t.wait(&depth(150));
    let (x, y) = t.hold_pad();
    let from = t.demo.said().len();
    t.page.eval("document.querySelector('#imaging-freeze').click()").unwrap();
    let (held, _) = t.demo.wait_from(from, &["-> HOLD"]);
    t.wait_state("HOLD");
    t.wait("document.querySelector('#picture-frame').dataset.cause === 'freeze'");
    t.screenshot("freeze");
    t.page.eval("document.querySelector('#imaging-freeze').click()").unwrap();
    t.wait("document.querySelector('#picture-frame').dataset.stale === 'false'");
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let since = t.demo.said().split_off(held + 1);
    assert!(!since.iter().any(|l| l.contains("-> ENGAGED")), "{since:?}");
    t.page.mouse(Mouse::Release, x, y).unwrap();
    t.hold_pad();
}

/// STATE-MISMATCH: a page whose state stands still beside pictures that go on makes the robot hold.
#[test]
fn a_page_whose_state_stands_still_makes_the_robot_hold() {
    let Some(mut t) = Theatre::open("stands-still", "pad") else { return };
    t.wait_state("READY");
    t.wait("document.querySelector('#pad').dataset.hold === 'free'");
    t.page
        .eval(
            "Object.defineProperty(document.querySelector('#chip-word'), 'textContent', \
             { get: () => 'READY', set: () => {} }) && true",
        )
        .unwrap();
    let (x, y) = t.page.middle_of("#pad").unwrap();
    t.page.mouse(Mouse::Move, x, y).unwrap();
    t.page.mouse(Mouse::Press, x, y).unwrap();
    t.demo.wait_for(&["-> HOLD", "STATE-MISMATCH"]);
}

/// VIEW-AGE: a renderer that hangs while somebody else steers is noticed by the robot alone.
#[test]
fn a_frozen_renderer_makes_the_robot_hold() {
    let Some(mut t) = Theatre::open("frozen", "script") else { return };
    t.demo.wait_for(&["-> ENGAGED"]);
    let from = t.demo.said().len();
    for pid in t.browser.renderer_pids() {
        cdp::signal(pid, "STOP").unwrap();
    }
    let (held, _) = t.demo.wait_from(from, &["-> HOLD", "VIEW-AGE"]);
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let since = t.demo.said().split_off(held + 1);
    assert!(!since.iter().any(|l| l.contains("-> ENGAGED")), "{since:?}");
    for pid in t.browser.renderer_pids() {
        cdp::signal(pid, "CONT").unwrap();
    }
    t.demo.wait_from(held, &["-> ENGAGED"]);
}

/// REMOTE-STOP: space stops whatever has the focus; the page says so only once the robot has.
#[test]
fn space_stops_and_only_acknowledgement_and_a_local_reset_go_on() {
    let Some(mut t) = Theatre::open("stops", "pad") else { return };
    t.wait_state("READY");
    t.wait("document.querySelector('#picture-frame').dataset.stale === 'false'");
    t.screenshot("ready");
    let (x, y) = t.hold_pad();
    t.page.eval("document.querySelector('#pad-force').focus()").unwrap();
    t.page.key(" ", "Space").unwrap();
    t.wait_state("PSTOP");
    t.wait("document.querySelector('#stop-phase').dataset.phase === 'confirmed'");
    t.screenshot("pstop");
    t.page.mouse(Mouse::Release, x, y).unwrap();
    t.demo.type_line("reset");
    std::thread::sleep(std::time::Duration::from_millis(500));
    t.wait_state("PSTOP");
    t.page.click("#ack").unwrap();
    // The acknowledgement is on its way: reset until it has arrived.
    let ready = "document.querySelector('#chip').dataset.state === 'READY'";
    for _ in 0..50 {
        t.demo.type_line("reset");
        if t.page.wait_for(ready, std::time::Duration::from_millis(300)).is_ok() {
            break;
        }
    }
    t.wait_state("READY");
    t.hold_pad();
}

/// Where there are two arms, the page says which of them the pad moves.
#[test]
fn shift_takes_the_right_arm_while_it_is_held() {
    let Some(t) = Theatre::open_with("arms", &["--profile", "surgery"]) else { return };
    t.wait_state("READY");
    let (x, y) = t.page.middle_of("#pad").unwrap();
    t.page.mouse(Mouse::Move, x, y).unwrap();
    t.page.mouse(Mouse::Press, x, y).unwrap();
    // Not whether the robot follows: a machine without a graphics card may be too slow for that.
    let says = |arm: &str| {
        t.wait(&format!("document.querySelector('#pad-word').textContent.includes('{arm} ARM')"));
    };
    says("LEFT");
    t.page.key_down("Shift", "ShiftLeft").unwrap();
    says("RIGHT");
    t.screenshot("arms");
    t.page.key_up("Shift", "ShiftLeft").unwrap();
    says("LEFT");
    t.wait("document.querySelector('#pad-hint').textContent.includes('Shift')");
    t.page.mouse(Mouse::Release, x, y).unwrap();
    assert_eq!(t.page.console_errors(), Vec::<String>::new());
}

/// No key starts motion.
#[test]
fn keys_alone_move_nothing() {
    let Some(t) = Theatre::open("keys", "pad") else { return };
    t.wait_state("READY");
    let from = (t.probe("x"), t.probe("y"));
    for (key, code) in
        [("ArrowRight", "ArrowRight"), ("w", "KeyW"), ("Enter", "Enter"), ("e", "KeyE")]
    {
        t.page.key_down(key, code).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(200));
        t.page.key_up(key, code).unwrap();
    }
    t.wait_state("READY");
    assert!((t.probe("x") - from.0).abs() < 0.5 && (t.probe("y") - from.1).abs() < 0.5);
}
