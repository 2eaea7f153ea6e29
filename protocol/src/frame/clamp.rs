//! The limits that the governor enforces, and by how much.

/// A limit that the governor has just enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Clamp {
    /// Speed limit of the profile. By how much: metre per second.
    Speed = 1,
    /// Acceleration or jerk limit: metre per second of the change that was not made.
    Acceleration = 2,
    /// Edge of the workspace: metre.
    Workspace = 4,
    /// Contact force, no further inward: newton.
    Force = 8,
    /// Rotation speed: radian per second.
    Rotation = 16,
    /// The geometric budget, the picture's age caps the speed below the profile's limit: metre per
    /// second.
    ViewAge = 32,
    /// Edge of a no-go zone: metre.
    NoGo = 64,
    /// Cone or depth of the port: metre.
    Port = 128,
    /// Near the end of a joint's range: metre per second.
    JointLimit = 256,
    /// Near a singular pose: metre per second.
    Singularity = 512,
    /// Speed or opening of the jaw: radian.
    Jaw = 1024,
    /// An obstacle ahead: metre per second.
    Obstacle = 2048,
}

/// Kinds of clamps.
pub const CLAMPS: usize = 12;

impl Clamp {
    /// Every clamp, in the order of their bits.
    pub const ALL: [Self; CLAMPS] = [
        Self::Speed,
        Self::Acceleration,
        Self::Workspace,
        Self::Force,
        Self::Rotation,
        Self::ViewAge,
        Self::NoGo,
        Self::Port,
        Self::JointLimit,
        Self::Singularity,
        Self::Jaw,
        Self::Obstacle,
    ];

    /// The word on the page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Speed => "SPEED",
            Self::Acceleration => "ACCELERATION",
            Self::Workspace => "WORKSPACE",
            Self::Force => "FORCE",
            Self::Rotation => "ROTATION",
            Self::ViewAge => "VIEW-AGE",
            Self::NoGo => "NO-GO",
            Self::Port => "PORT",
            Self::JointLimit => "JOINT-LIMIT",
            Self::Singularity => "SINGULARITY",
            Self::Jaw => "JAW",
            Self::Obstacle => "OBSTACLE",
        }
    }

    /// The unit of the amount.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Speed
            | Self::Acceleration
            | Self::ViewAge
            | Self::JointLimit
            | Self::Singularity
            | Self::Obstacle => "m/s",
            Self::Workspace | Self::NoGo | Self::Port => "m",
            Self::Force => "N",
            Self::Rotation => "rad/s",
            Self::Jaw => "rad",
        }
    }

    const fn index(self) -> usize {
        (self as u16).trailing_zeros() as usize
    }
}

/// No clamp takes away more than this, in any unit: what an amount on the wire is bounded by.
pub const CLAMPED_MAX: f64 = 1e6;

/// The limits enforced in one tick, each with how much it took away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClampSet {
    bits: u16,
    by: [f64; CLAMPS],
}

impl Default for ClampSet {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl ClampSet {
    /// Nothing was clamped.
    pub const EMPTY: Self = Self { bits: 0, by: [0.0; CLAMPS] };

    /// Adds a clamp that took away `by`, in its own unit. The largest amount counts; one that is not a
    /// number counts as the largest there is.
    pub fn add(&mut self, clamp: Clamp, by: f64) {
        self.bits |= clamp as u16;
        if let Some(most) = self.by.get_mut(clamp.index()) {
            let by = if by.is_nan() { CLAMPED_MAX } else { by.clamp(0.0, CLAMPED_MAX) };
            *most = most.max(by);
        }
    }

    /// What is in either set, with the larger amounts.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        for clamp in other.iter() {
            self.add(clamp, other.by(clamp));
        }
        self
    }

    /// True if this limit was enforced.
    pub const fn contains(self, clamp: Clamp) -> bool {
        self.bits & clamp as u16 != 0
    }

    /// How much this limit took away, in its own unit; 0 if it was not enforced.
    pub fn by(&self, clamp: Clamp) -> f64 {
        self.by.get(clamp.index()).copied().unwrap_or(0.0)
    }

    /// True if nothing was clamped.
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// Its members.
    pub fn iter(self) -> impl Iterator<Item = Clamp> {
        Clamp::ALL.into_iter().filter(move |c| self.contains(*c))
    }

    pub(super) const fn bits(&self) -> u16 {
        self.bits
    }

    pub(super) const fn amounts(&self) -> &[f64; CLAMPS] {
        &self.by
    }

    /// The set with these bits and amounts; bits that nobody has defined are dropped, so that an older
    /// console can show what it knows of a newer robot.
    pub(super) fn from_wire(bits: u16, by: [f64; CLAMPS]) -> Self {
        let mut set = Self::EMPTY;
        for (clamp, by) in Clamp::ALL.into_iter().zip(by) {
            if bits & clamp as u16 != 0 {
                set.add(clamp, by);
            }
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clamp_has_a_bit_a_word_and_a_unit_of_its_own() {
        for (n, clamp) in Clamp::ALL.into_iter().enumerate() {
            assert_eq!((clamp as u16, clamp.index()), (1 << n, n));
            assert!(!clamp.word().is_empty() && !clamp.unit().is_empty());
            let mut set = ClampSet::EMPTY;
            set.add(clamp, 0.5);
            assert_eq!(set.iter().collect::<Vec<_>>(), [clamp]);
            assert_eq!((set.by(clamp), set.bits()), (0.5, 1 << n));
        }
        let mut words: Vec<_> = Clamp::ALL.iter().map(|c| c.word()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), CLAMPS);
        assert_eq!(Clamp::Workspace.unit(), "m");
        assert_eq!(Clamp::Force.unit(), "N");
        assert_eq!(Clamp::Rotation.unit(), "rad/s");
        assert_eq!(Clamp::Jaw.unit(), "rad");
        assert_eq!(Clamp::Obstacle.unit(), "m/s");
    }

    #[test]
    fn the_largest_amount_counts_and_what_is_no_number_is_the_largest() {
        let mut set = ClampSet::EMPTY;
        assert!(set.is_empty());
        set.add(Clamp::Speed, 0.2);
        set.add(Clamp::Speed, 0.1);
        assert!(!set.is_empty() && set.contains(Clamp::Speed) && !set.contains(Clamp::Force));
        assert_eq!((set.by(Clamp::Speed), set.by(Clamp::Force)), (0.2, 0.0));
        set.add(Clamp::Force, f64::NAN);
        assert_eq!(set.by(Clamp::Force), CLAMPED_MAX);
        set.add(Clamp::Port, -1.0);
        assert_eq!(set.by(Clamp::Port), 0.0);
        let mut other = ClampSet::EMPTY;
        other.add(Clamp::Speed, 0.3);
        other.add(Clamp::Jaw, 1.0);
        let both = set.union(other);
        assert_eq!((both.by(Clamp::Speed), both.by(Clamp::Jaw)), (0.3, 1.0));
        assert_eq!(both.union(ClampSet::EMPTY), both);
    }

    #[test]
    fn bits_that_nobody_has_defined_are_dropped() {
        let set = ClampSet::from_wire(0xf001, [0.25; CLAMPS]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Clamp::Speed]);
        assert_eq!(set.by(Clamp::Acceleration), 0.0);
    }
}
