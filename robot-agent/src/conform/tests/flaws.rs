//! Every way in which a robot of the tests breaks one promise, and the check that must find it.

use crate::conform::Check;

macro_rules! flaws {
    ($($(#[$doc:meta])* $flaw:ident ($($arms:literal)+) $check:ident),+ $(,)?) => {
        /// One broken promise.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Flaw {
            /// None.
            None,
            $($(#[$doc])* $flaw,)+
        }

        /// Flaw, arms of the robot that has it (0: a base), and the check that finds it.
        pub(super) const TABLE: &[(Flaw, &[usize], Check)] =
            &[$((Flaw::$flaw, &[$($arms),+], Check::$check),)+];
    };
}

flaws! {
    /// Another name at every call.
    Renames (1 0) Describe,
    ThreeArms (2) Describe,
    SpeedNoNumber (1 0) Describe,
    WatchdogOfNothing (1 0) Describe,
    WatchdogTooLong (1 0) Describe,
    PortAxisTooLong (2) Describe,
    /// 0.6 ms of each tick.
    AlwaysSlow (1 0) Latency,
    /// 1.5 ms of one tick.
    OnceStalled (1 0) Latency,
    /// Stamps 25 ms ago.
    OldReadings (1 0) Fresh,
    /// Stamps a microsecond ahead.
    FutureReadings (1 0) Fresh,
    /// Every seventh stamp is before the one before.
    BackwardReadings (1 0) Fresh,
    /// One stamp for all readings.
    FirstStampForEver (1 0) Fresh,
    /// A force that is NaN, now and then.
    NoNumber (1 2) Sane,
    BumperNoNumber (0) Sane,
    RangeBelowZero (0) Ranges,
    /// The scanner has stopped; the odometry goes on.
    RangeOld (0) Ranges,
    RangeNoNumber (0) Ranges,
    /// Always the widest.
    LimitsIgnored (1 0) Limits,
    LimitsOfForceIgnored (1 0) Limits,
    /// The drives are on and it says they are off.
    NeverPowered (1 0) Powered,
    /// Only `Stand` switches on.
    ServoWithoutPower (1) Powered,
    OffIgnored (1 0) Off,
    /// 1 mm/s once the same order has come 300 times.
    Drifts (1 2) Stands,
    /// 20 mm/s once `Stand` has come 600 times.
    Creeps (0) Stands,
    /// 0.7 mm for 20 ms where `Servo` follows `Stand`.
    JumpsAtEngage (1 2) Engage,
    /// 50 mm/s for 200 ms where `Drive` follows `Stand`.
    RollsAtEngage (0) Engage,
    /// Begins after `Off` where it was engaged before.
    RemembersEngage (1 2) Reengage,
    /// A filter of 0.4 s.
    Lags (1 2) Follows,
    /// Takes rotations, not places.
    DeafToMotion (1) Follows,
    HalfSpeed (0) Follows,
    /// Takes places, not rotations.
    DeafToTurns (1 2) Turns,
    TurnsTheOtherWay (0) Turns,
    VelocityBackwards (1 2) Velocity,
    /// Brakes at 20 mm/s².
    LongStopWay (0) StopWay,
    AcceptsNoNumber (1 0) NotFinite,
    /// An error, and a motion all the same.
    RefusesAndMoves (1) NotFinite,
    /// Goes wherever it is asked to, at once.
    NoLimitOfItsOwn (1 2 0) TooFast,
    /// An error, and a motion all the same.
    RefusesAndLeaps (1) TooFast,
    NoWatchdog (1 2 0) Silence,
    /// Reports another fault.
    WrongFault (1 0) Silence,
    /// Reports it until the next order.
    ForgetsItsWatchdog (1 0) Silence,
    /// Reports it, and moves on.
    CoastsOn (1 2) Silence,
    /// The same of a base.
    RollsOnInSilence (0) Silence,
    RecoverIgnored (1 0) Recover,
    /// 20 mm/s for 0.1 s after a reset.
    RecoverMoves (1) Recover,
    StopIgnored (1 0) Stop,
    /// The second call is an error.
    StopsOnce (1 0) Stop,
    RestartPowered (1 0) Restart,
    /// Goes where the agent before had sent it.
    RestartResumes (1) Restart,
    /// Stamps a lost sample with the time of the call.
    StampsOfTheCall (1 0) Sensor,
    /// Reports drives on while they are cut.
    MadeUpWhileCut (1 0) Drives,
    GuardUnseen (1 0) Guard,
    /// Never closes again.
    GuardSticks (1 0) Guard,
}
