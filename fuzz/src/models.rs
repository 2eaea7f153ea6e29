//! Model files of the simulator: arms as TOML and as URDF, bodies as TOML.

use std::fmt::Write as _;
use std::sync::LazyLock;

use nalgebra::{Isometry3, Point3};
use sim::arm::{JOINTS, URDF_LINKS_MAX, UrdfDefaults, forward, tip_and_jacobian};
use sim::{ArmModel, Phantom};

use crate::bytes::Bytes;
use crate::text::{assert_speaks, edited};

const ARM: &str = include_str!("../../sim/models/arm7.toml");
const TORSO: &str = include_str!("../../sim/models/torso.toml");

/// The shipped arm as URDF, from `l0` to `tip`.
static URDF: LazyLock<String> = LazyLock::new(|| {
    let arm = ArmModel::shipped().expect("the shipped arm is one");
    let origin = |p: &Isometry3<f64>| {
        let ((r, i, w), t) = (p.rotation.euler_angles(), p.translation);
        format!("<origin xyz=\"{} {} {}\" rpy=\"{r} {i} {w}\"/>", t.x, t.y, t.z)
    };
    let mut text = "<robot name=\"copy\">\n<link name=\"l0\"/>\n".to_owned();
    for (i, j) in arm.joints().iter().enumerate() {
        let n = i + 1;
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "<link name=\"l{n}\"><inertial>\n<mass value=\"{}\"/>\n</inertial></link>\n\
             <joint name=\"j{n}\" type=\"revolute\">\n<parent link=\"l{i}\"/>\n<child link=\"l{n}\"/>\n\
             {}\n<axis xyz=\"0 0 1\"/>\n<limit lower=\"{}\" upper=\"{}\" velocity=\"{}\" effort=\"{}\"/>\n\
             <dynamics damping=\"0.5\" friction=\"0.3\"/>\n</joint>\n",
            j.link_mass_kg,
            origin(&j.origin),
            j.lower_rad,
            j.upper_rad,
            j.velocity_max_rad_s,
            j.effort_max_n_m
        );
    }
    let tip = origin(arm.tip());
    let _ = write!(
        text,
        "<link name=\"tip\"/>\n<joint name=\"jt\" type=\"fixed\">\n<parent link=\"l7\"/>\n\
         <child link=\"tip\"/>\n{tip}\n</joint>\n</robot>\n"
    );
    text
});

/// A text is a model whose every number can be reckoned with, or it is refused in words.
pub fn model_files(bytes: &[u8]) {
    let mut program = Bytes::new(bytes);
    let choice = program.u8();
    let shipped = [ARM, TORSO, &URDF][usize::from(choice % 3)];
    let text = if choice & 0x80 == 0 {
        edited(shipped, &mut program)
    } else {
        String::from_utf8_lossy(program.rest()).into_owned()
    };
    match choice % 3 {
        0 => judge(ArmModel::from_toml(&text), &text, assert_is_arm),
        1 => judge(Phantom::from_toml(&text), &text, assert_is_body),
        _ => {
            let read = ArmModel::from_urdf(&text, "l0", "tip", &UrdfDefaults::default());
            judge(read, &text, assert_is_arm);
        }
    }
}

fn judge<T, E: core::fmt::Display>(read: Result<T, E>, text: &str, holds: fn(&T)) {
    match read {
        Ok(model) => holds(&model),
        Err(error) => assert_speaks(&error.to_string(), text),
    }
}

fn assert_is_arm(arm: &ArmModel) {
    assert_eq!(arm.joints().len(), JOINTS);
    for (joint, home) in arm.joints().iter().zip(arm.home_rad().iter()) {
        assert!(joint.lower_rad < joint.upper_rad, "{joint:?}");
        assert!((joint.lower_rad..=joint.upper_rad).contains(home), "{joint:?}");
        assert!(joint.inertia_kg_m2 > 0.0 && joint.inertia_kg_m2.is_finite(), "{joint:?}");
        assert!((joint.axis.norm() - 1.0).abs() < 1e-9, "{joint:?}");
    }
    let (tip, jacobian) = tip_and_jacobian(arm, arm.home_rad());
    // Each joint, and the tip, is at most the root of three times ten metres from the one before, and
    // a fixed link counts for its joint.
    let reach_max_m = (JOINTS + URDF_LINKS_MAX) as f64 * 18.0;
    assert!(tip.translation.vector.norm() <= reach_max_m, "{tip:?}");
    assert!(jacobian.iter().all(|v| v.is_finite()));
    assert!((tip.rotation.coords.norm() - 1.0).abs() < 1e-6, "{tip:?}");
    assert!((forward(arm, arm.home_rad()).inverse() * tip).translation.vector.norm() < 1e-6);
}

fn assert_is_body(body: &Phantom) {
    let centre = body.centre();
    assert!(centre.iter().all(|v| v.is_finite()));
    assert!(body.wall_m().is_finite() && body.wall_m() >= 0.0);
    for t_s in [0.0, 1.3] {
        for off_m in [[0.0, 0.0, 0.0], [0.3, 0.2, 0.6], [0.01, -0.02, 0.1]] {
            let at: Point3<f64> = centre + nalgebra::Vector3::from(off_m);
            let distance_m = body.surface_distance(&at, t_s);
            assert!(distance_m.is_finite(), "{distance_m} m at {at}");
            assert!((body.surface_normal(&at, t_s).norm() - 1.0).abs() < 1e-6);
            let _ = body.tissue_at(&at, t_s);
        }
    }
}
