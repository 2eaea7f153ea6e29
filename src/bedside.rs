//! The panel at the robot: lines on standard input stand for its buttons.
//!
//! What only the people beside the robot may do (power on, reset, release the emergency stop) can not
//! come over the link. For the simulated robot the terminal that it runs in is the bedside.

use std::io::BufRead as _;
use std::sync::{Arc, Weak};

use robot_agent::core::LocalEvent;
use robot_agent::shell::RobotNode;

use crate::exit::Failure;
use crate::interrupt::Interrupt;

/// What the panel understands.
pub(crate) const HELP: &str =
    "bedside: type estop, release, reset, power on, power off or quit, then Enter";

/// What a line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Button {
    Local(LocalEvent),
    Quit,
}

fn button(line: &str) -> Option<Button> {
    let words: Vec<_> = line.split_whitespace().collect();
    Some(match words.as_slice() {
        ["estop"] => Button::Local(LocalEvent::EstopPressed),
        ["release"] => Button::Local(LocalEvent::EstopReleased),
        ["reset"] => Button::Local(LocalEvent::Reset),
        ["power", "on"] => Button::Local(LocalEvent::PowerOn),
        ["power", "off"] => Button::Local(LocalEvent::PowerOff),
        ["quit" | "exit"] => Button::Quit,
        _ => return None,
    })
}

/// Reads the panel until standard input ends or the robot is gone.
#[expect(clippy::print_stderr, reason = "the panel answers the person who types")]
pub(crate) fn attach(robot: &Arc<RobotNode>, interrupt: &Interrupt) -> Result<(), Failure> {
    let (robot, interrupt): (Weak<RobotNode>, _) = (Arc::downgrade(robot), interrupt.clone());
    std::thread::Builder::new()
        .name("bedside".to_owned())
        .spawn(move || {
            for line in std::io::stdin().lock().split(b'\n').map_while(Result::ok) {
                // A byte that is no text is no button, and must not take the panel away.
                let line = String::from_utf8_lossy(&line);
                let Some(robot) = robot.upgrade() else { return };
                match button(&line) {
                    Some(Button::Local(event)) => robot.local(event),
                    Some(Button::Quit) => interrupt.raise(),
                    None if line.trim().is_empty() => {}
                    None => eprintln!("`{}` is no button. {HELP}", line.trim()),
                }
            }
        })
        .map(drop)
        .map_err(|e| Failure::Internal(format!("no thread for the bedside panel: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_buttons_and_anything_else_is_none() {
        assert_eq!(button(" power  on "), Some(Button::Local(LocalEvent::PowerOn)));
        assert_eq!(button("estop"), Some(Button::Local(LocalEvent::EstopPressed)));
        assert_eq!(button("quit"), Some(Button::Quit));
        for other in ["", "power", "reset now", "ESTOP", "engage"] {
            assert_eq!(button(other), None, "{other}");
        }
    }
}
