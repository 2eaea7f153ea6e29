//! A Chrome for a test: starts it, opens pages, asks them questions, and leaves no process behind.
//!
//! Synchronous on purpose: a test is a story told in order, and every step here ends within a
//! bound. One WebSocket to the browser carries all pages (the protocol's "flat" sessions). Events
//! that arrive between two answers are kept only where a test can ask for them: errors on the
//! console of a page.
//!
//! Linux only: the processes of the browser are found in `/proc`.

#![allow(dead_code, reason = "each test uses the part of this module that it needs")]
#![expect(
    clippy::disallowed_methods,
    reason = "a test shell: it bounds the wait for real processes"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// Programs that speak this protocol, in the order of preference.
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// No window, no sandbox (tests run as root in containers), no talk with the maker's servers.
const FLAGS: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--mute-audio",
    "--window-size=1280,720",
    "--remote-debugging-port=0",
];

/// A cold start on a loaded two-core machine takes a few seconds.
const LAUNCH_MAX: Duration = Duration::from_secs(30);

/// Bound on one question to the browser.
const CALL_MAX: Duration = Duration::from_secs(15);

/// Bound on the death of killed processes.
const DEATH_MAX: Duration = Duration::from_secs(5);

/// How long a read blocks before the deadline is looked at again.
const READ_SLICE: Duration = Duration::from_millis(20);

/// Pause between two looks at something that announces nothing.
const LOOK_AGAIN: Duration = Duration::from_millis(30);

/// Errors kept per page; a page that repeats one each frame must not fill the memory.
const ERRORS_MAX: usize = 200;

/// A running browser. Dropping it kills it and every process it has started.
pub(crate) struct Browser {
    child: Child,
    wire: Arc<Mutex<Wire>>,
}

impl Browser {
    /// A browser of this machine, running with a profile of its own in `user_data_dir`.
    ///
    /// Errors: none is installed, it ends at once (with the end of what it wrote), or it has not
    /// opened its port in time. Bound: 30 s.
    pub(crate) fn launch(user_data_dir: &Path) -> Result<Self, String> {
        let program = find_browser()?;
        fs::create_dir_all(user_data_dir).map_err(|e| format!("profile directory: {e}"))?;
        let port_file = user_data_dir.join("DevToolsActivePort");
        // Left by an earlier run, it would lead to a port that somebody else may own now.
        if let Err(error) = fs::remove_file(&port_file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(format!("{}: {error}", port_file.display()));
        }
        let log_path = user_data_dir.join("browser.log");
        let log = File::create(&log_path).map_err(|e| format!("{}: {e}", log_path.display()))?;
        let mut child = Command::new(&program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", user_data_dir.display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            // A group of its own, so that one signal reaches all of it and nothing of the test.
            .process_group(0)
            .spawn()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        match connect(&mut child, &port_file, &log_path) {
            Ok(wire) => Ok(Self { child, wire: Arc::new(Mutex::new(wire)) }),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    /// A new page that has loaded `url`, 1280 × 720 pixels, in front.
    ///
    /// Errors: the address can not be loaded, or its load event has not come. Bound: 15 s per step.
    pub(crate) fn open(&self, url: &str) -> Result<Page, String> {
        let made = self.call("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let target = text(&made, "targetId")?;
        let attach = json!({ "targetId": target, "flatten": true });
        let session = text(&self.call("Target.attachToTarget", &attach)?, "sessionId")?;
        let page =
            Page { wire: Arc::clone(&self.wire), session, target, pressed: Mutex::new(false) };
        // Before the address, or the errors of the first moments are lost.
        for domain in ["Runtime.enable", "Log.enable", "Page.enable", "Page.bringToFront"] {
            page.call(domain, &json!({}))?;
        }
        page.viewport(1280, 720)?;
        page.go(url)?;
        Ok(page)
    }

    /// The processes that run pages (`--type=renderer`), for a test that stops or kills one.
    pub(crate) fn renderer_pids(&self) -> Vec<u32> {
        // A process forked from the template has its arguments joined by spaces, another one by
        // zeros.
        let is_renderer = |pid: &u32| {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
                line.split(|byte| matches!(byte, 0 | b' ')).any(|word| word == b"--type=renderer")
            })
        };
        descendants(self.child.id()).into_iter().filter(is_renderer).collect()
    }

    /// The browser's own process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn call(&self, method: &str, params: &Value) -> Result<Value, String> {
        lock(&self.wire).call(None, method, params, CALL_MAX)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// What the pointer does. The button is always the main one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mouse {
    /// Moves; with the button down when it was pressed before.
    Move,
    /// Presses the main button.
    Press,
    /// Releases the main button.
    Release,
}

/// One page of the browser.
pub(crate) struct Page {
    wire: Arc<Mutex<Wire>>,
    session: String,
    target: String,
    /// The protocol wants to be told with each move whether the button is down.
    pressed: Mutex<bool>,
}

impl Page {
    /// Loads `url` in this page and waits for its load event.
    pub(crate) fn go(&self, url: &str) -> Result<(), String> {
        let answer = self.call("Page.navigate", &json!({ "url": url }))?;
        if let Some(error) = answer.get("errorText").and_then(Value::as_str) {
            return Err(format!("{url}: {error}"));
        }
        self.wait_for(
            "location.href !== 'about:blank' && document.readyState === 'complete'",
            CALL_MAX,
        )
    }

    /// The value of a JavaScript expression; a promise is awaited. Values come as JSON, so
    /// `undefined` and functions come as `null`.
    ///
    /// Errors: the exception that it threw, or no answer in 15 s (a stopped renderer gives none).
    pub(crate) fn eval(&self, js: &str) -> Result<Value, String> {
        self.eval_within(js, CALL_MAX)
    }

    /// As [`Page::eval`], with a bound of its own.
    pub(crate) fn eval_within(&self, js: &str, max: Duration) -> Result<Value, String> {
        let question = json!({ "expression": js, "awaitPromise": true, "returnByValue": true });
        let answer =
            lock(&self.wire).call(Some(&self.session), "Runtime.evaluate", &question, max)?;
        if let Some(details) = answer.get("exceptionDetails") {
            return Err(format!("{js}: {}", exception_text(details)));
        }
        Ok(answer.pointer("/result/value").cloned().unwrap_or(Value::Null))
    }

    /// Returns once the expression is `true`. Errors meanwhile (a page that is still loading) count
    /// as not yet; the last one, or the last value, is in the error when `max` has passed.
    pub(crate) fn wait_for(&self, js_bool: &str, max: Duration) -> Result<(), String> {
        let deadline = Instant::now() + max;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let last = self.eval_within(js_bool, left.max(LOOK_AGAIN));
            if last == Ok(Value::Bool(true)) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(format!("not true within {max:?}: {js_bool} (last: {last:?})"));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// The text of the first element that matches a CSS selector.
    pub(crate) fn text_of(&self, selector: &str) -> Result<String, String> {
        let selector = Value::from(selector);
        let value = self.eval(&format!("document.querySelector({selector}).textContent"))?;
        value.as_str().map(str::to_owned).ok_or_else(|| format!("{selector} has no text: {value}"))
    }

    /// The middle of the first element that matches a CSS selector, in pixels of the page.
    pub(crate) fn middle_of(&self, selector: &str) -> Result<(f64, f64), String> {
        let selector = Value::from(selector);
        let value = self.eval(&format!(
            "(() => {{ const r = document.querySelector({selector}).getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        ))?;
        let at = |index: usize| value.get(index).and_then(Value::as_f64);
        at(0).zip(at(1)).ok_or_else(|| format!("{selector} has no place: {value}"))
    }

    /// Sets the size of the page in pixels.
    pub(crate) fn viewport(&self, width: u32, height: u32) -> Result<(), String> {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", &size).map(drop)
    }

    /// One event of the pointer at (`x`, `y`), in pixels of the page.
    pub(crate) fn mouse(&self, kind: Mouse, x: f64, y: f64) -> Result<(), String> {
        let mut pressed = lock(&self.pressed);
        let name = match kind {
            Mouse::Move => "mouseMoved",
            Mouse::Press => "mousePressed",
            Mouse::Release => "mouseReleased",
        };
        match kind {
            Mouse::Move => {}
            Mouse::Press => *pressed = true,
            Mouse::Release => *pressed = false,
        }
        let button = if kind == Mouse::Move && !*pressed { "none" } else { "left" };
        let event = json!({
            "type": name, "x": x, "y": y, "button": button, "buttons": u8::from(*pressed),
            "clickCount": u8::from(kind != Mouse::Move), "pointerType": "mouse",
        });
        self.call("Input.dispatchMouseEvent", &event).map(drop)
    }

    /// Presses and releases the main button in the middle of an element.
    pub(crate) fn click(&self, selector: &str) -> Result<(), String> {
        let (x, y) = self.middle_of(selector)?;
        self.mouse(Mouse::Move, x, y)?;
        self.mouse(Mouse::Press, x, y)?;
        self.mouse(Mouse::Release, x, y)
    }

    /// Presses and releases a key: `key` as in `KeyboardEvent.key`, `code` as in
    /// `KeyboardEvent.code`.
    pub(crate) fn key(&self, key: &str, code: &str) -> Result<(), String> {
        self.key_down(key, code)?;
        self.key_up(key, code)
    }

    /// Presses a key and keeps it down.
    pub(crate) fn key_down(&self, key: &str, code: &str) -> Result<(), String> {
        let typed = match key {
            "Enter" => "\r",
            one if one.chars().count() == 1 => one,
            _ => "",
        };
        let kind = if typed.is_empty() { "rawKeyDown" } else { "keyDown" };
        self.key_event(kind, key, code, typed)
    }

    /// Releases a key.
    pub(crate) fn key_up(&self, key: &str, code: &str) -> Result<(), String> {
        self.key_event("keyUp", key, code, "")
    }

    fn key_event(&self, kind: &str, key: &str, code: &str, typed: &str) -> Result<(), String> {
        let mut event = json!({
            "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": virtual_key(key),
        });
        if !typed.is_empty()
            && let Some(fields) = event.as_object_mut()
        {
            fields.insert("text".to_owned(), Value::from(typed));
        }
        self.call("Input.dispatchKeyEvent", &event).map(drop)
    }

    /// Writes what the page shows to `path`, as PNG.
    pub(crate) fn screenshot(&self, path: &Path) -> Result<(), String> {
        let answer = self.call("Page.captureScreenshot", &json!({ "format": "png" }))?;
        let png = from_base64(&text(&answer, "data")?)?;
        fs::write(path, png).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// What went wrong in the page so far: uncaught exceptions, `console.error`, and the browser's
    /// own errors (a refused script, a missing file, a breach of the content policy).
    pub(crate) fn console_errors(&self) -> Vec<String> {
        let mut wire = lock(&self.wire);
        // One round trip: every error reported before its answer has been read by then.
        let ping = json!({ "expression": "0" });
        let answered = wire.call(Some(&self.session), "Runtime.evaluate", &ping, CALL_MAX);
        let mut errors = wire.errors.get(&self.session).cloned().unwrap_or_default();
        if let Err(silent) = answered {
            errors.push(format!("the page does not answer: {silent}"));
        }
        errors
    }

    /// Closes the page, as a user closes a tab.
    pub(crate) fn close(self) -> Result<(), String> {
        let target = json!({ "targetId": self.target });
        lock(&self.wire).call(None, "Target.closeTarget", &target, CALL_MAX).map(drop)
    }

    fn call(&self, method: &str, params: &Value) -> Result<Value, String> {
        lock(&self.wire).call(Some(&self.session), method, params, CALL_MAX)
    }
}

/// Sends a signal by name (`STOP`, `CONT`, `KILL`) to one process: a frozen or a crashed page.
pub(crate) fn signal(pid: u32, name: &str) -> Result<(), String> {
    kill(name, &[pid.to_string()])
}

/// The connection to the browser.
struct Wire {
    socket: WebSocket<TcpStream>,
    newest_id: u64,
    errors: BTreeMap<String, Vec<String>>,
}

impl Wire {
    /// Asks one question and returns its answer, keeping the errors that arrive in between.
    fn call(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: &Value,
        max: Duration,
    ) -> Result<Value, String> {
        let deadline = Instant::now() + max;
        self.newest_id += 1;
        let id = self.newest_id;
        let mut question = json!({ "id": id, "method": method, "params": params });
        if let (Some(session), Some(fields)) = (session, question.as_object_mut()) {
            fields.insert("sessionId".to_owned(), Value::from(session));
        }
        self.socket
            .send(Message::text(question.to_string()))
            .map_err(|e| format!("{method}: {e}"))?;
        while Instant::now() < deadline {
            let Some(said) = self.read().map_err(|e| format!("{method}: {e}"))? else {
                continue;
            };
            // An answer with another number belongs to a question that was given up.
            if said.get("id").and_then(Value::as_u64) != Some(id) {
                self.note(&said);
                continue;
            }
            return match said.get("error") {
                Some(error) => Err(format!("{method}: {error}")),
                None => Ok(said.get("result").cloned().unwrap_or(Value::Null)),
            };
        }
        Err(format!("{method}: no answer within {max:?}"))
    }

    /// The next message, or nothing within a slice of time.
    fn read(&mut self) -> Result<Option<Value>, String> {
        use std::io::ErrorKind::{TimedOut, WouldBlock};
        match self.socket.read() {
            Ok(Message::Text(said)) => {
                serde_json::from_str(said.as_str()).map(Some).map_err(|e| e.to_string())
            }
            Ok(_) => Ok(None),
            Err(tungstenite::Error::Io(e)) if matches!(e.kind(), WouldBlock | TimedOut) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Keeps an event when it is an error of a page.
    fn note(&mut self, event: &Value) {
        let method = event.get("method").and_then(Value::as_str).unwrap_or_default();
        let params = event.get("params").unwrap_or(&Value::Null);
        let level =
            |pointer: &str| params.pointer(pointer).and_then(Value::as_str) == Some("error");
        let error = match method {
            "Runtime.exceptionThrown" => {
                exception_text(params.get("exceptionDetails").unwrap_or(&Value::Null))
            }
            "Runtime.consoleAPICalled" if level("/type") => {
                params.get("args").unwrap_or(&Value::Null).to_string()
            }
            "Log.entryAdded" if level("/entry/level") => {
                let part =
                    |at: &str| params.pointer(at).and_then(Value::as_str).unwrap_or_default();
                format!("{} {}", part("/entry/text"), part("/entry/url"))
            }
            _ => return,
        };
        let session = event.get("sessionId").and_then(Value::as_str).unwrap_or_default();
        let errors = self.errors.entry(session.to_owned()).or_default();
        if errors.len() < ERRORS_MAX {
            errors.push(error);
        }
    }
}

/// The first known browser in `PATH`.
fn find_browser() -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    BROWSERS
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
        .ok_or_else(|| format!("no browser in PATH; expected one of {BROWSERS:?}"))
}

/// Waits for the browser's port and connects to it.
fn connect(child: &mut Child, port_file: &Path, log_path: &Path) -> Result<Wire, String> {
    let deadline = Instant::now() + LAUNCH_MAX;
    let log = || {
        let all = fs::read_to_string(log_path).unwrap_or_default();
        let lines: Vec<&str> = all.lines().collect();
        lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join("\n")
    };
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("the browser ended at once ({status}): {}", log()));
        }
        // Both lines, or the browser is still writing them.
        let written = fs::read_to_string(port_file).unwrap_or_default();
        let mut lines = written.lines();
        if let (Some(port), Some(path)) = (lines.next(), lines.next())
            && let Ok(port) = port.parse::<u16>()
            && !path.is_empty()
        {
            return shake_hands(port, path);
        }
        if Instant::now() >= deadline {
            return Err(format!("the browser opened no port within {LAUNCH_MAX:?}: {}", log()));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Opens the WebSocket of the browser at `path`.
fn shake_hands(port: u16, path: &str) -> Result<Wire, String> {
    let say = |e: std::io::Error| format!("port {port}: {e}");
    let stream = TcpStream::connect(("127.0.0.1", port)).map_err(say)?;
    stream.set_nodelay(true).map_err(say)?;
    stream.set_write_timeout(Some(CALL_MAX)).map_err(say)?;
    // Generous for the handshake, which can not be resumed; short afterwards, where reads can.
    stream.set_read_timeout(Some(CALL_MAX)).map_err(say)?;
    let url = format!("ws://127.0.0.1:{port}{path}");
    let (socket, _) = tungstenite::client(url, stream).map_err(|e| format!("port {port}: {e}"))?;
    socket.get_ref().set_read_timeout(Some(READ_SLICE)).map_err(say)?;
    Ok(Wire { socket, newest_id: 0, errors: BTreeMap::new() })
}

/// Every process below `root`, found by parent numbers in `/proc`.
fn descendants(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The program's name may hold spaces and brackets: the fields count from its last bracket.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
        if let Some(parent) = parent.and_then(|parent| parent.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        for pid in children.remove(&parent).unwrap_or_default() {
            found.push(pid);
            open.push(pid);
        }
    }
    found
}

/// Kills the browser with everything below it and waits for its death.
fn end(child: &mut Child) {
    // The group catches what is started meanwhile; the list catches what has left the group.
    let mut victims = vec![format!("-{}", child.id())];
    victims.extend(descendants(child.id()).iter().map(u32::to_string));
    // A failure here means that some of them were gone already.
    let _ = kill("KILL", &victims);
    let _ = child.kill();
    let deadline = Instant::now() + DEATH_MAX;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Goes on after a target that has gone already, and says so in the end.
const KILL_EACH: &str = r#"
name=$1; shift
for target; do kill -s "$name" -- "$target" || bad=1; done
exit ${bad:-0}"#;

/// Sends a signal through the shell: the standard library has no safe call for it.
fn kill(name: &str, targets: &[String]) -> Result<(), String> {
    let status = Command::new("sh")
        .args(["-c", KILL_EACH])
        .args(["sh", name])
        .args(targets)
        .stderr(Stdio::null())
        .status()
        .map_err(|e| format!("sh: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("kill -{name} {targets:?}: {status}")) }
}

/// The key number that old page scripts, and the browser's own defaults, go by.
fn virtual_key(key: &str) -> u32 {
    match key {
        "Tab" => 9,
        "Enter" => 13,
        "Escape" => 27,
        "ArrowLeft" => 37,
        "ArrowUp" => 38,
        "ArrowRight" => 39,
        "ArrowDown" => 40,
        other => other.chars().next().map_or(0, |c| c.to_ascii_uppercase().into()),
    }
}

/// The bytes of standard base64.
fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            other => return Err(format!("base64: byte {other}")),
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Ok(bytes)
}

/// What an exception says, with its stack when it has one.
fn exception_text(details: &Value) -> String {
    let part = |pointer: &str| details.pointer(pointer).and_then(Value::as_str);
    part("/exception/description").or_else(|| part("/text")).unwrap_or("exception").to_owned()
}

/// A text field of an answer.
fn text(answer: &Value, field: &str) -> Result<String, String> {
    let found = answer.get(field).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| format!("expected {field} in {answer}"))
}

/// A test that has panicked elsewhere must still be able to end the browser.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
