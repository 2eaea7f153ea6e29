//! Facts about the URDF import.

use std::fmt::Write;

use super::*;
use crate::arm::kinematics::forward;
use crate::model_file::ModelError;
use crate::urdf::URDF_BYTES_MAX;

/// The shipped arm written as URDF, with a fixed joint to the tip.
fn urdf() -> String {
    let arm = ArmModel::shipped().unwrap();
    let mut text = String::from("<robot name=\"copy\">\n<link name=\"l0\"/>\n");
    let pose = |p: &Isometry3<f64>| {
        let (r, pi, y) = p.rotation.euler_angles();
        let t = p.translation;
        format!("<origin xyz=\"{} {} {}\" rpy=\"{r} {pi} {y}\"/>", t.x, t.y, t.z)
    };
    for (i, j) in arm.joints().iter().enumerate() {
        let n = i + 1;
        writeln!(
            text,
            "<link name=\"l{n}\"><inertial><mass value=\"{}\"/></inertial></link>\n\
             <joint name=\"j{n}\" type=\"revolute\"><parent link=\"l{i}\"/><child link=\"l{n}\"/>{}\
             <axis xyz=\"0 0 1\"/><limit lower=\"{}\" upper=\"{}\" velocity=\"{}\" effort=\"{}\"/></joint>",
            j.link_mass_kg, pose(&j.origin), j.lower_rad, j.upper_rad, j.velocity_max_rad_s, j.effort_max_n_m
        )
        .unwrap();
    }
    write!(
        text,
        "<link name=\"tip\"/><joint name=\"jt\" type=\"fixed\"><parent link=\"l7\"/>\
         <child link=\"tip\"/>{}</joint></robot>",
        pose(arm.tip())
    )
    .unwrap();
    text
}

fn import(text: &str) -> Result<ArmModel, UrdfError> {
    let home_rad = *ArmModel::shipped().unwrap().home_rad();
    ArmModel::from_urdf(text, "l0", "tip", &UrdfDefaults { home_rad, ..UrdfDefaults::default() })
}

#[test]
fn the_same_arm_as_urdf_has_the_same_kinematics() {
    let (ours, theirs) = (ArmModel::shipped().unwrap(), import(&urdf()).unwrap());
    for k in 0..50 {
        let q = JointVector::from_fn(|i, _| (f64::from(k) * 0.37 + i as f64).sin() * 2.0);
        let (a, b) = (forward(&ours, &q), forward(&theirs, &q));
        assert!((a.translation.vector - b.translation.vector).norm() < 1e-9);
        assert!(a.rotation.angle_to(&b.rotation) < 1e-9);
    }
    let upper = |arm: &ArmModel| arm.joints().each_ref().map(|j| j.upper_rad.to_bits());
    assert_eq!(upper(&theirs), upper(&ours));
    assert_eq!(theirs.home_rad(), ours.home_rad());
}

#[test]
fn drives_are_derived_and_of_a_sensible_size() {
    let arm = import(&urdf()).unwrap();
    let inertia: Vec<f64> = arm.joints().iter().map(|j| j.inertia_kg_m2).collect();
    assert!(inertia[1] > 0.5 && inertia[1] < 4.0, "{inertia:?}");
    assert!(inertia[6] < 0.1, "{inertia:?}");
}

#[test]
fn a_continuous_joint_gets_one_turn_either_way() {
    let text = urdf().replacen("revolute", "continuous", 1);
    let upper_rad = import(&text).unwrap().joints()[0].upper_rad;
    assert!((upper_rad - std::f64::consts::TAU).abs() < 1e-12);
}

#[test]
fn each_refusal_names_its_element_and_attribute() {
    let good = urdf();
    let refuse = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        import(&good.replacen(from, to, 1)).unwrap_err()
    };
    let missing = |element, joint: &str, attribute| UrdfError::Missing {
        element,
        joint: joint.to_owned(),
        attribute,
    };
    assert_eq!(refuse("velocity=\"2.175\"", ""), missing("limit", "j1", "velocity"));
    assert_eq!(refuse("<parent link=\"l2\"/>", ""), missing("parent", "j3", "link"));
    assert_eq!(refuse("<limit ", "<limits "), missing("joint", "j1", "limit"));
    assert!(matches!(
        refuse("lower=\"-1.7628\"", "lower=\"left\""),
        UrdfError::BadNumber { element: "limit", attribute: "lower", joint, .. } if joint == "j2"
    ));
    for bad in ["0 0", "0 0 1 0", "0 0 nan", "a b c"] {
        assert!(matches!(
            refuse("axis xyz=\"0 0 1\"", &format!("axis xyz=\"{bad}\"")),
            UrdfError::BadNumber { element: "axis", attribute: "xyz", .. }
        ));
    }
    assert!(matches!(
        refuse("axis xyz=\"0 0 1\"", "axis xyz=\"0 0 0\""),
        UrdfError::Model(ModelError::ZeroDirection { .. })
    ));
    assert!(matches!(
        refuse("effort=\"87\"", "effort=\"-1\""),
        UrdfError::Model(ModelError::Range { .. })
    ));
    assert!(matches!(
        refuse("revolute", "prismatic"),
        UrdfError::UnsupportedJoint { kind, .. } if kind == "prismatic"
    ));
    assert_eq!(refuse("type=\"revolute\"", "type=\"fixed\""), UrdfError::JointCount { got: 6 });
    assert!(matches!(refuse("<robot ", "<machine "), UrdfError::Xml { .. }));
}

#[test]
fn a_chain_that_does_not_lead_to_the_base_is_refused() {
    let good = urdf();
    let broken = good.replacen("<parent link=\"l0\"/>", "<parent link=\"nowhere\"/>", 1);
    assert!(matches!(import(&broken), Err(UrdfError::NoChain { .. })));
    let looped = good.replacen("<parent link=\"l0\"/>", "<parent link=\"l5\"/>", 1);
    assert!(matches!(import(&looped), Err(UrdfError::Loop { .. })));
    let twice = good.replacen("<child link=\"l2\"/>", "<child link=\"l1\"/>", 1);
    assert_eq!(import(&twice), Err(UrdfError::TwoParents { link: "l1".to_owned() }));
    assert_eq!(import("<sdf/>"), Err(UrdfError::NotARobot { got: "sdf".to_owned() }));
}

#[test]
fn bounds_hold_before_the_stack_does() {
    let long = format!("<robot>{}</robot>", " ".repeat(URDF_BYTES_MAX));
    assert!(matches!(import(&long), Err(UrdfError::TooLong { .. })));
    let mut chain = String::from("<robot name=\"r\">");
    for i in 0..100 {
        write!(
            chain,
            "<joint name=\"j{i}\" type=\"fixed\"><parent link=\"l{i}\"/><child link=\"l{}\"/></joint>",
            i + 1
        )
        .unwrap();
    }
    chain.push_str("</robot>");
    let deep = ArmModel::from_urdf(&chain, "l0", "l100", &UrdfDefaults::default());
    assert_eq!(deep, Err(UrdfError::TooDeep));
    // Elements nested as deep as the length allows: an error or a value, never an overflow.
    let nested = format!("<robot>{}{}</robot>", "<a>".repeat(30_000), "</a>".repeat(30_000));
    assert!(import(&nested).is_err());
}

#[test]
fn a_document_type_definition_is_refused() {
    let bomb = format!("<!DOCTYPE r [<!ENTITY a \"aa\">]>{}", urdf());
    assert!(matches!(import(&bomb), Err(UrdfError::Xml { .. })));
}
