//! The operator's side: core, page, eye, and the clock of their computer.

use core::time::Duration;
use std::collections::VecDeque;

use operator::core::OperatorCore;
use operator::devices::HandDevice;
use protocol::frame::{CommandFrame, StateFrame};
use protocol::picture::{PictureHeader, ViewSource};
use protocol::profile::Profile;
use protocol::session::SessionId;
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator};

use super::World;
use super::faults::{Faults, Trouble};

/// How far the operator's clock is ahead of the robot's at first: three years.
const CLOCKS_APART: Duration = Duration::from_hours(3 * 365 * 24);

/// One console.
pub(super) struct Console {
    profile: Profile,
    pub(super) core: OperatorCore,
    trouble: Trouble,
    /// How far its clock has run ahead of where it was set. Unit: ns.
    pub(super) ahead_ns: u64,
    /// The session that it believes to be its own.
    pub(super) session: Option<SessionId>,
    words: VecDeque<(Moment<World>, OperatingState)>,
    /// From a state that is heard until the page has said that it shows it.
    page: Duration,
    next_sample: Moment<World>,
}

impl Console {
    pub(super) fn new(profile: &Profile, page: Duration, seed: u64) -> Self {
        Self {
            profile: profile.clone(),
            core: OperatorCore::new(profile),
            trouble: Trouble::new(seed),
            ahead_ns: 0,
            session: None,
            words: VecDeque::new(),
            page,
            next_sample: Moment::START,
        }
    }

    /// Its clock.
    pub(super) fn clock(&self, now: Moment<World>) -> Moment<Operator> {
        Moment::<Operator>::from_ns(now.as_ns() + self.ahead_ns).after(CLOCKS_APART)
    }

    /// The process starts anew.
    pub(super) fn restart(&mut self) {
        self.core = OperatorCore::new(&self.profile);
        self.words.clear();
        self.session = None;
    }

    /// Authority was granted, and a page is open.
    pub(super) fn welcome(&mut self, session: SessionId, epoch: u32, now: Moment<World>) {
        let clock = self.clock(now);
        self.core.handle_welcome(session, epoch, true);
        self.core.handle_page_opened(clock);
        self.session = Some(session);
    }

    /// The connection has ended.
    pub(super) fn part(&mut self) {
        self.core.handle_disconnected();
        self.session = None;
        self.words.clear();
    }

    /// A state has arrived.
    pub(super) fn hear(
        &mut self,
        frame: &StateFrame,
        hand: &mut dyn HandDevice,
        now: Moment<World>,
    ) {
        let clock = self.clock(now);
        if self.core.handle_state(frame, clock) {
            hand.observe(frame, clock);
        }
    }

    /// A picture has arrived, and is presented unless the screen is frozen. True if it is seen.
    pub(super) fn see(
        &mut self,
        header: &PictureHeader,
        faults: &Faults,
        now: Moment<World>,
    ) -> bool {
        let clock = self.clock(now);
        self.core.handle_picture(header, clock);
        let steers = header.source == self.steering();
        let frozen = faults.frozen_picture && steers;
        !frozen && self.core.handle_presented(header.source, header.view, clock) && steers
    }

    /// The command for this step, if one is due and not lost.
    pub(super) fn command(
        &mut self,
        hand: &mut dyn HandDevice,
        faults: &Faults,
        now: Moment<World>,
    ) -> Option<CommandFrame> {
        let clock = self.clock(now);
        self.show(faults, now);
        if now < self.next_sample {
            return None;
        }
        self.next_sample = now.after(Duration::from_secs_f64(1.0 / self.profile.rates.command_hz));
        let sample = self.trouble.read(faults, hand.sample(clock));
        self.core.tick(clock, &sample).filter(|_| !self.trouble.loses(faults))
    }

    /// What stands on the page, and that it says so.
    fn show(&mut self, faults: &Faults, now: Moment<World>) {
        let clock = self.clock(now);
        if let Some(newest) = self.core.newest_state() {
            self.words.push_back((now.after(self.page), newest.state));
        }
        while let Some((_, word)) = self.words.pop_front_if(|(at, _)| *at <= now) {
            if !faults.frozen_page {
                self.core.handle_shown(Some(faults.shown.unwrap_or(word)), clock);
            }
        }
    }

    const fn steering(&self) -> ViewSource {
        self.profile.freshness.steering
    }
}
