//! Tissues by name, with published stiffness.
//!
//! A tissue is a layer on something that does not give way: its pressure is E·ε/(1 − ε) with the strain ε, depth per
//! thickness. So it starts with the published modulus and stiffens as the layer is used up, as flesh does. Damping
//! grows with the pressure, and so with depth (Hunt and Crossley).
//!
//! A modulus is measured, a thickness is of a person. Where the layer is thicker than the probe is wide, the depth that
//! is strained is that of a half-space under a face of this size: 0.68·√A, 23 mm for 18 mm by 63 mm.

use super::contact::ContactSettings;

/// What a probe presses into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoftTissue {
    /// Name.
    pub name: &'static str,
    /// Young's modulus at small strain. Unit: Pa.
    pub modulus_pa: f64,
    /// Thickness that is strained. Unit: m.
    pub thickness_m: f64,
    /// Damping per speed of indentation. Unit: s/m. Assumed throughout.
    pub damping_s_m: f64,
    /// Where the modulus is from; what is assumed.
    pub source: &'static str,
}

/// The tissues, soft to stiff under 5 N.
pub const SOFT_TISSUES: [SoftTissue; 5] = [
    SoftTissue {
        name: "breast",
        modulus_pa: 3_040.0,
        thickness_m: 0.023,
        damping_s_m: 8.0,
        source: "fat and gland in vivo, seven volunteers (“In vivo measurement of breast tissues stiffness using a light \
                 aspiration device”); half-space; skin, 56 kPa, left out",
    },
    SoftTissue {
        name: "abdomen",
        modulus_pa: 10_000.0,
        thickness_m: 0.023,
        damping_s_m: 8.0,
        source: "assumed between liver (3 × 1.8 kPa shear, doi:10.1088/1361-6560/ab5010) and relaxed muscle; \
                 half-space",
    },
    SoftTissue {
        name: "thigh",
        modulus_pa: 12_000.0,
        thickness_m: 0.023,
        damping_s_m: 8.0,
        source: "relaxed thigh muscle, 3 × 3.9 to 4.2 kPa shear by magnetic resonance elastography, 29 volunteers \
                 (PMC4580449); half-space",
    },
    SoftTissue {
        name: "thyroid",
        modulus_pa: 17_500.0,
        thickness_m: 0.018,
        damping_s_m: 8.0,
        source: "shear wave speed 2.36 m/s in 100 healthy adults (Nepal Medical College, 2021 to 2022), as \
                 3ρv²; thickness over the trachea assumed",
    },
    SoftTissue {
        name: "rib",
        modulus_pa: 26_100.0,
        thickness_m: 0.008,
        damping_s_m: 8.0,
        source: "subcutaneous tissue under 1 N, 26.1 kPa, 21 men (PMC9711973), measured at the buttock; 8 mm of it over \
                 bone assumed",
    },
];

impl SoftTissue {
    /// The tissue of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SOFT_TISSUES.iter().find(|tissue| tissue.name == name)
    }

    /// How it resists a probe with gel on it.
    pub fn contact(&self) -> ContactSettings {
        ContactSettings {
            stiffness_pa_m: self.modulus_pa / self.thickness_m,
            exponent: 1.0,
            layer_m: self.thickness_m,
            damping_s_m: self.damping_s_m,
            ..ContactSettings::default()
        }
    }

    /// Depth at which a flat face of this area rests under a force, in closed form. Unit: m.
    pub fn flat_depth_m(&self, force_n: f64, area_m2: f64) -> f64 {
        // F = A·E·ε/(1 − ε), solved for ε.
        let share = force_n / (area_m2 * self.modulus_pa);
        self.thickness_m * share / (1.0 + share)
    }
}

#[cfg(test)]
#[path = "soft_tests.rs"]
mod tests;
