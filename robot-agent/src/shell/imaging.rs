//! Between an operator and the imaging device: what is wanted goes to the capture thread, what is in force comes back.
//!
//! The newest wish counts and the newest report is told, so neither can fill anything up, however fast a console
//! turns its knobs.

use protocol::imaging::{Imaging, ImagingRefusal, ImagingReport, ImagingState};
use tokio::sync::watch;

use crate::picture::PictureSource;

/// What an operator has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The console's number of the request.
    pub request: u32,
    /// How the device shall be set.
    pub wanted: Imaging,
}

/// The end of the control link.
pub struct Desired {
    /// To the capture thread.
    pub wishes: watch::Sender<Option<Wish>>,
    /// From the capture thread.
    pub reports: watch::Receiver<ImagingReport>,
}

/// The end of the capture thread.
pub struct Knobs {
    wishes: watch::Receiver<Option<Wish>>,
    reports: watch::Sender<ImagingReport>,
}

/// Both ends.
pub fn imaging() -> (Desired, Knobs) {
    let (wishes_tx, wishes) = watch::channel(None);
    let nothing = ImagingReport { serial: 0, request: 0, state: None, refused: None };
    let (reports_tx, reports) = watch::channel(nothing);
    (Desired { wishes: wishes_tx, reports }, Knobs { wishes, reports: reports_tx })
}

impl Knobs {
    /// Hands the newest wish to the source and tells what is in force. True if the source is frozen: then nothing
    /// may be captured.
    pub fn turn(&mut self, source: &mut dyn PictureSource) -> bool {
        let mut report = *self.reports.borrow();
        if self.wishes.has_changed().unwrap_or(false)
            && let Some(wish) = *self.wishes.borrow_and_update()
        {
            report.request = wish.request;
            report.refused = set(source, &wish.wanted).err();
            if let Some(why) = report.refused {
                tracing::warn!(code = why.id(), "settings were refused: {why}");
            }
        }
        report.state = source.imaging();
        if report != *self.reports.borrow() {
            report.serial = report.serial.wrapping_add(1);
            self.reports.send_replace(report);
        }
        report.state.is_some_and(|state| state.now.frozen)
    }
}

/// Sets the source, if it takes these values.
fn set(source: &mut dyn PictureSource, wanted: &Imaging) -> Result<(), ImagingRefusal> {
    let Some(ImagingState { ranges, .. }) = source.imaging() else {
        return Err(ImagingRefusal::Fixed);
    };
    ranges.check(wanted)?;
    source.set_imaging(wanted)
}

#[cfg(test)]
pub(crate) mod tests {
    use core::time::Duration;

    use protocol::imaging::{ImagingRanges, Span};
    use protocol::picture::ViewSource;
    use protocol::time::{Moment, Robot};

    use super::*;
    use crate::picture::Picture;

    pub(crate) const PLAIN: Imaging = Imaging {
        depth_um: 100_000,
        gain_cdb: 0,
        focus_um: 50_000,
        frequency_khz: 3_500,
        frozen: false,
    };

    const fn span(min: i32, max: i32) -> Span {
        Span { min, max }
    }

    const RANGES: ImagingRanges = ImagingRanges {
        depth_um: span(50_000, 200_000),
        gain_cdb: span(-2_000, 2_000),
        focus_um: span(10_000, 150_000),
        frequency_khz: span(2_000, 5_000),
    };

    /// A device with knobs, or without.
    pub(crate) struct Device {
        pub(crate) now: Option<Imaging>,
        /// It answers, but does not obey.
        pub(crate) broken: bool,
    }

    impl PictureSource for Device {
        fn shows(&self) -> ViewSource {
            ViewSource::Ultrasound
        }

        fn size(&self) -> (u16, u16) {
            (32, 32)
        }

        fn capture(&mut self, _: Moment<Robot>, _: Duration, _: &mut Picture) -> bool {
            true
        }

        fn imaging(&self) -> Option<ImagingState> {
            self.now.map(|now| ImagingState { now, ranges: RANGES })
        }

        fn set_imaging(&mut self, wanted: &Imaging) -> Result<(), ImagingRefusal> {
            if self.broken {
                return Err(ImagingRefusal::Device);
            }
            self.now = Some(*wanted);
            Ok(())
        }
    }

    fn device() -> Device {
        Device { now: Some(PLAIN), broken: false }
    }

    #[test]
    fn what_is_wanted_comes_into_force_and_is_told_once() {
        let (mut desired, mut knobs) = imaging();
        let mut device = device();
        assert!(!knobs.turn(&mut device));
        let first = *desired.reports.borrow_and_update();
        assert_eq!((first.serial, first.request, first.refused), (1, 0, None));
        assert_eq!(first.state.unwrap().now, PLAIN);
        assert!(!knobs.turn(&mut device) && !desired.reports.has_changed().unwrap());

        // Two wishes between two pictures: the newer one counts.
        let deeper = Imaging { depth_um: 150_000, ..PLAIN };
        let frozen = Imaging { frozen: true, ..deeper };
        desired.wishes.send_replace(Some(Wish { request: 1, wanted: deeper }));
        desired.wishes.send_replace(Some(Wish { request: 2, wanted: frozen }));
        assert!(knobs.turn(&mut device), "it is frozen");
        let told = *desired.reports.borrow_and_update();
        assert_eq!((told.serial, told.request, told.refused), (2, 2, None));
        assert_eq!(told.state.unwrap().now, frozen);
        assert!(knobs.turn(&mut device), "and stays so");
        assert!(!desired.reports.has_changed().unwrap());
    }

    #[test]
    fn what_is_refused_changes_nothing_and_is_told_with_its_limits() {
        let (mut desired, mut knobs) = imaging();
        let mut device = device();
        let wanted = Imaging { depth_um: 200_001, gain_cdb: 500, frozen: true, ..PLAIN };
        desired.wishes.send_replace(Some(Wish { request: 1, wanted }));
        assert!(!knobs.turn(&mut device), "half of it would be in force");
        let told = *desired.reports.borrow_and_update();
        assert_eq!(told.state.unwrap().now, PLAIN);
        assert!(told.refused.unwrap().to_string().contains("200.001 mm"), "{told:?}");
        // The next one that fits clears the refusal.
        let wanted = Imaging { depth_um: 200_000, ..PLAIN };
        desired.wishes.send_replace(Some(Wish { request: 2, wanted }));
        knobs.turn(&mut device);
        let told = *desired.reports.borrow_and_update();
        assert_eq!((told.request, told.refused, told.state.unwrap().now), (2, None, wanted));
    }

    #[test]
    fn a_device_without_knobs_and_one_that_does_not_obey_refuse() {
        let (mut desired, mut knobs) = imaging();
        let mut fixed = Device { now: None, broken: false };
        assert!(!knobs.turn(&mut fixed));
        assert!(!desired.reports.has_changed().unwrap(), "there is nothing to tell");
        desired.wishes.send_replace(Some(Wish { request: 1, wanted: PLAIN }));
        knobs.turn(&mut fixed);
        let told = *desired.reports.borrow_and_update();
        assert_eq!((told.state, told.refused), (None, Some(ImagingRefusal::Fixed)));

        let mut broken = Device { broken: true, ..device() };
        let wanted = Imaging { gain_cdb: 100, ..PLAIN };
        desired.wishes.send_replace(Some(Wish { request: 2, wanted }));
        knobs.turn(&mut broken);
        let told = *desired.reports.borrow_and_update();
        assert_eq!(told.refused, Some(ImagingRefusal::Device));
        assert_eq!(told.state.unwrap().now, PLAIN);
    }

    #[test]
    fn what_is_turned_at_the_device_itself_is_told_too() {
        let (mut desired, mut knobs) = imaging();
        let mut device = device();
        knobs.turn(&mut device);
        desired.reports.borrow_and_update();
        device.now = Some(Imaging { frozen: true, ..PLAIN });
        assert!(knobs.turn(&mut device), "frozen there is frozen here");
        assert!(desired.reports.borrow_and_update().state.unwrap().now.frozen);
    }
}
