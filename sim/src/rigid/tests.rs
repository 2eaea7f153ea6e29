//! Facts about trees: the algorithms agree with each other, energy is kept, drives and brakes keep their limits.

use std::fmt::Write;

use nalgebra::{Matrix3, SVector, Unit, UnitQuaternion, Vector3};
use proptest::prelude::*;

use super::*;
use crate::urdf::UrdfError;

type V<const N: usize> = SVector<f64, N>;

fn joint(kind: JointKind, axis: Vector3<f64>) -> Joint {
    Joint {
        name: "j".to_owned(),
        kind,
        axis: Unit::new_normalize(axis),
        lower: -100.0,
        upper: 100.0,
        velocity_max: 1e3,
        effort_max: 50.0,
        damping: 0.0,
        coulomb: 0.0,
        armature: 0.0,
    }
}

fn rod(length_m: f64, mass_kg: f64) -> BodyInertia {
    let about = mass_kg * length_m * length_m / 12.0;
    BodyInertia {
        mass_kg,
        centre_m: Vector3::new(0.0, 0.0, -0.5 * length_m),
        about_centre_kg_m2: Matrix3::from_diagonal(&Vector3::new(about, about, about * 1e-3)),
    }
}

/// `N` rods of 0.5 m that hang from each other and swing about x.
fn pendulum<const N: usize>() -> Tree<N> {
    let bodies = (0..N).map(|i| Body {
        name: format!("rod{i}"),
        parent: i.checked_sub(1),
        placement: Placement {
            origin_m: if i == 0 { Vector3::zeros() } else { -Vector3::z() * 0.5 },
            ..Placement::identity()
        },
        joint: joint(JointKind::Revolute, Vector3::x()),
        inertia: rod(0.5, 1.2),
    });
    Tree::new("pendulum".to_owned(), bodies.collect(), Vec::new()).unwrap()
}

/// Six joints of both kinds, two branches, skewed axes, one rotor.
fn bush() -> Tree<6> {
    let parents = [None, Some(0), Some(1), Some(1), Some(3), Some(0)];
    let bodies = parents.iter().enumerate().map(|(i, parent)| {
        let n = i as f64;
        let kind = if i % 3 == 2 { JointKind::Prismatic } else { JointKind::Revolute };
        let mut joint = joint(kind, Vector3::new(n.sin() + 0.2, n.cos(), 0.5));
        joint.armature = if i == 4 { 0.3 } else { 0.0 };
        let turn = UnitQuaternion::from_euler_angles(0.3 * n, 0.5, -0.2 * n);
        Body {
            name: format!("b{i}"),
            parent: *parent,
            placement: Placement {
                rotation: turn.to_rotation_matrix().into_inner(),
                origin_m: Vector3::new(0.1, -0.05 * n, 0.2),
            },
            joint,
            inertia: BodyInertia {
                mass_kg: 0.5 + n,
                centre_m: Vector3::new(0.02 * n, 0.05, -0.03),
                about_centre_kg_m2: Matrix3::new(
                    0.03, 0.002, 0.001, 0.002, 0.04, -0.003, 0.001, -0.003, 0.05,
                ),
            },
        }
    });
    let bodies: Vec<Body> = bodies.collect();
    let frame = Frame {
        name: "hand".to_owned(),
        body: Some(4),
        placement: Placement { origin_m: Vector3::new(0.1, 0.2, 0.3), ..Placement::identity() },
    };
    Tree::new("bush".to_owned(), bodies, vec![frame]).unwrap()
}

fn energy_j<const N: usize>(tree: &Tree<N>, state: &State<N>) -> f64 {
    tree.kinetic_energy_j(&state.q, &state.v) + tree.potential_energy_j(&state.q)
}

/// The farthest that energy goes from where it began in ten seconds, as a share of what swings.
fn drift<const N: usize>(
    tree: &Tree<N>,
    mut state: State<N>,
    step: impl Fn(&State<N>) -> State<N>,
) -> f64 {
    let start_j = energy_j(tree, &state);
    let swings_j = start_j - tree.potential_energy_j(&V::zeros());
    let mut farthest = 0.0_f64;
    for _ in 0..10_000 {
        state = step(&state);
        farthest = farthest.max((energy_j(tree, &state) - start_j).abs() / swings_j);
    }
    farthest
}

#[test]
fn an_undamped_pendulum_keeps_its_energy_for_ten_seconds() {
    let (one, two, three) = (pendulum::<1>(), pendulum::<2>(), pendulum::<3>());
    let rk4 = |tree: &Tree<3>, s: &State<3>| Stepper::step_rk4(tree, s, &V::zeros(), 1e-3);
    let by_rk4 = [
        drift(&one, State::at_rest(V::repeat(2.0)), |s| {
            Stepper::step_rk4(&one, s, &V::zeros(), 1e-3)
        }),
        drift(&two, State::at_rest(V::repeat(1.0)), |s| {
            Stepper::step_rk4(&two, s, &V::zeros(), 1e-3)
        }),
        drift(&three, State::at_rest(V::repeat(0.7)), |s| rk4(&three, s)),
    ];
    assert!(by_rk4.iter().all(|share| *share < 1e-6), "{by_rk4:?}");
    // The step of the plants: four of a quarter of a millisecond.
    let stepped = |s: &State<1>| {
        (0..4).fold(*s, |s, _| {
            let stepper = Stepper::default();
            stepper.step(&one, &s, &[Drive::Effort(0.0)], &no_outside(), 0.25e-3).0
        })
    };
    let by_steps = drift(&one, State::at_rest(V::repeat(2.0)), stepped);
    assert!(by_steps < 1e-3, "{by_steps}");
}

/// The period of a small swing is `2π·√(I / m·g·r)`.
#[test]
fn a_small_swing_has_the_period_of_the_formula() {
    let tree = pendulum::<1>();
    let mut state = State::at_rest(V::repeat(0.01));
    let mut crossings = Vec::new();
    for n in 0..5_000 {
        let before = state.q[0];
        state = Stepper::step_rk4(&tree, &state, &V::zeros(), 1e-3);
        if before < 0.0 && state.q[0] >= 0.0 {
            crossings.push((f64::from(n) + before / (before - state.q[0])) * 1e-3);
        }
    }
    let period_s = (crossings.last().unwrap() - crossings[0]) / (crossings.len() - 1) as f64;
    let (inertia, weight) = (1.2 * 0.25 / 3.0, 1.2 * GRAVITY_M_S2 * 0.25);
    let want_s =
        std::f64::consts::TAU * (inertia / weight).sqrt() * (1.0 + 0.01_f64.powi(2) / 16.0);
    assert!((period_s - want_s).abs() < 1e-6, "{period_s} {want_s}");
}

#[test]
fn a_held_joint_does_not_move_and_says_what_holds_it() {
    let (tree, q) = (bush(), V::repeat(0.3));
    let (v, effort) = (V::zeros(), V::repeat(0.2));
    let mut hold = Hold::free();
    hold.locked[1] = true;
    hold.locked[4] = true;
    let held = tree.respond(&q, &v, &effort, &no_outside(), &hold);
    assert_eq!((held.acceleration[1], held.acceleration[4]), (0.0, 0.0));
    let needed = tree.inverse_dynamics(&q, &v, &held.acceleration, &no_outside());
    assert!((needed - effort - held.holding).norm() < 1e-11, "{needed} {}", held.holding);
    assert_eq!((held.holding[0], held.holding[2]), (0.0, 0.0));
}

#[test]
fn a_brake_holds_below_its_effort_and_slips_above_it() {
    let tree = pendulum::<1>();
    let weight = tree.gravity_efforts(&V::repeat(1.0))[0].abs();
    let after = |holds: f64| {
        let mut state = State::at_rest(V::repeat(1.0));
        for _ in 0..4_000 {
            let drives = [Drive::Brake { holds }];
            state = Stepper::default().step(&tree, &state, &drives, &no_outside(), 0.25e-3).0;
        }
        state
    };
    assert_eq!(after(1.01 * weight), State::at_rest(V::repeat(1.0)));
    assert!(after(0.9 * weight).q[0] < 0.9);
    // It takes the speed away: 1.6 rad/s at 20 N·m on 0.1 kg·m² ends within 10 ms.
    let mut state = State { q: V::repeat(0.0), v: V::repeat(1.6) };
    for _ in 0..40 {
        let drives = [Drive::Brake { holds: 20.0 }];
        state = Stepper::default().step(&tree, &state, &drives, &no_outside(), 0.25e-3).0;
    }
    assert_eq!(state.v[0], 0.0);
    assert!((0.0..0.01).contains(&state.q[0]), "{}", state.q[0]);
}

#[test]
fn a_servo_gives_no_more_than_its_drive_has_and_settles_under_load() {
    let mut bodies = pendulum::<1>().bodies().to_vec();
    bodies[0].joint.effort_max = 4.0;
    bodies[0].joint.coulomb = 0.05;
    let tree = Tree::<1>::new("weak".to_owned(), bodies, Vec::new()).unwrap();
    let mut state = State::at_rest(V::repeat(0.0));
    let (mut most, mut limited) = (0.0_f64, 0);
    for _ in 0..8_000 {
        let ahead = tree.gravity_efforts(&state.q)[0];
        let servo = Drive::Servo { q: 1.2, v: 0.0, stiffness: 360.0, damping: 12.0, ahead };
        let (next, effort) =
            Stepper::default().step(&tree, &state, &[servo], &no_outside(), 0.25e-3);
        (state, most) = (next, most.max(effort[0].abs()));
        limited += u32::from(effort[0].abs() == 4.0);
    }
    assert!(most <= 4.0 && limited > 100, "{most} {limited}");
    assert!((state.q[0] - 1.2).abs() < 1e-3, "{}", state.q[0]);
}

/// Friction that is a hundred thousand times what an explicit step of this size could bear.
#[test]
fn stiff_friction_stops_a_light_joint_and_never_reverses_it() {
    let mut bodies = pendulum::<1>().bodies().to_vec();
    bodies[0].inertia = BodyInertia::zero();
    bodies[0].joint.armature = 1e-6;
    bodies[0].joint.coulomb = 0.05;
    let tree = Tree::<1>::new("light".to_owned(), bodies, Vec::new()).unwrap();
    let mut state = State { q: V::zeros(), v: V::repeat(2.0) };
    for _ in 0..100 {
        let before = state.v[0];
        let drives = [Drive::Effort(0.0)];
        state = Stepper::default().step(&tree, &state, &drives, &no_outside(), 1e-3).0;
        assert!((0.0..=before).contains(&state.v[0]), "{before} {}", state.v[0]);
    }
    assert!(state.v[0] < 1e-9);
}

#[test]
fn a_step_allocates_nothing() {
    let tree = bush();
    let mut state = State::at_rest(V::repeat(0.1));
    let hand = tree.frame("hand").unwrap();
    let servo = Drive::Servo { q: 0.0, v: 0.0, stiffness: 50.0, damping: 5.0, ahead: 0.0 };
    let counted = allocation_counter::measure(|| {
        for _ in 0..10 {
            state = Stepper::default().step(&tree, &state, &[servo; 6], &no_outside(), 1e-3).0;
            std::hint::black_box(tree.jacobian(&state.q, hand));
            std::hint::black_box(tree.mass_matrix(&state.q));
        }
    });
    assert_eq!(counted.count_total, 0);
    assert!(state.q.iter().all(|x| x.is_finite()));
}

fn six(range: f64) -> impl Strategy<Value = V<6>> {
    prop::array::uniform6(-range..range).prop_map(|x| V::from_column_slice(&x))
}

proptest! {
    /// Forward dynamics undoes inverse dynamics, with forces from outside.
    #[test]
    fn forward_dynamics_undoes_inverse_dynamics(
        q in six(3.0), v in six(4.0), a in six(10.0), push in six(20.0),
    ) {
        let tree = bush();
        let mut outside = no_outside();
        for (i, force) in outside.iter_mut().enumerate() {
            *force = Force { moment_n_m: Vector3::new(push[i], 1.0, 0.0), force_n: Vector3::new(0.0, -2.0, push[i]) };
        }
        let effort = tree.inverse_dynamics(&q, &v, &a, &outside);
        let back = tree.forward_dynamics(&q, &v, &effort, &outside);
        prop_assert!((back - a).norm() < 1e-8, "{back} {a}");
    }

    /// The mass matrix is what inverse dynamics says of unit accelerations.
    #[test]
    fn the_mass_matrix_is_effort_per_acceleration(q in six(3.0)) {
        let tree = bush();
        let mass = tree.mass_matrix(&q);
        let still = tree.gravity_efforts(&q);
        for i in 0..6 {
            let a = V::ith(i, 1.0);
            let column = tree.inverse_dynamics(&q, &V::zeros(), &a, &no_outside()) - still;
            prop_assert!((mass.column(i) - column).norm() < 1e-10);
        }
    }

    /// A force on the hand reaches the joints through the transposed Jacobian.
    #[test]
    fn a_force_on_a_frame_reaches_the_joints_through_the_jacobian(q in six(3.0), f in six(20.0)) {
        let tree = bush();
        let (hand, poses) = (tree.frame("hand").unwrap(), tree.poses(&q));
        let (force_n, moment_n_m) = (f.fixed_rows::<3>(0).into_owned(), f.fixed_rows::<3>(3).into_owned());
        let at_m = tree.frame_in(&poses, hand).origin_m;
        let mut outside = no_outside();
        outside[4] = poses[4].force_in(&Force::at(&at_m, force_n, moment_n_m));
        let zero = V::zeros();
        let felt = tree.gravity_efforts(&q) - tree.inverse_dynamics(&q, &zero, &zero, &outside);
        let want = tree.jacobian(&q, hand).transpose() * f;
        prop_assert!((felt - want).norm() < 1e-10, "{felt} {want}");
    }

    /// The Jacobian is the derivative of the pose.
    #[test]
    fn the_jacobian_of_a_tree_is_the_derivative_of_the_pose(q in six(3.0)) {
        let tree = bush();
        let hand = tree.frame("hand").unwrap();
        let jacobian = tree.jacobian(&q, hand);
        for i in 0..6 {
            let at = |h: f64| tree.frame_pose(&(q + V::ith(i, h)), hand);
            let (a, b) = (at(-1e-6), at(1e-6));
            let linear = (b.translation.vector - a.translation.vector) / 2e-6;
            let angular = (b.rotation * a.rotation.inverse()).scaled_axis() / 2e-6;
            prop_assert!((jacobian.fixed_view::<3, 1>(0, i) - linear).norm() < 1e-7);
            prop_assert!((jacobian.fixed_view::<3, 1>(3, i) - angular).norm() < 1e-7);
        }
    }
}

#[test]
fn what_can_not_be_simulated_is_refused() {
    let bodies = pendulum::<2>().bodies().to_vec();
    let refuse =
        |bodies: Vec<Body>, frames| Tree::<2>::new("t".to_owned(), bodies, frames).unwrap_err();
    let one = refuse(bodies[..1].to_vec(), Vec::new());
    assert_eq!(one, RigidError::JointCount { got: 1, expected: 2 });
    let mut loose = bodies.clone();
    loose[0].parent = Some(1);
    assert!(matches!(refuse(loose, Vec::new()), RigidError::Order { body } if body == "rod0"));
    let mut light = bodies.clone();
    light[1].inertia = BodyInertia::zero();
    assert!(matches!(refuse(light, Vec::new()), RigidError::NoInertia { .. }));
    let lost = Frame { name: "f".to_owned(), body: Some(2), placement: Placement::identity() };
    assert!(matches!(refuse(bodies, vec![lost]), RigidError::UnknownFrame { .. }));
    assert!(pendulum::<1>().frame("hand").is_err());
}

/// Two joints in a row and a branch; the second link is fixed to by a plate.
fn text() -> String {
    let mut text = String::from("<robot name=\"two\"><link name=\"base\"/>");
    for (link, mass) in [("arm", 2.0), ("plate", 1.0), ("slide", 0.5)] {
        write!(
            text,
            "<link name=\"{link}\"><inertial><origin xyz=\"0 0 0.1\"/><mass value=\"{mass}\"/>\
             <inertia ixx=\"0.02\" ixy=\"0\" ixz=\"0\" iyy=\"0.02\" iyz=\"0\" izz=\"0.01\"/></inertial></link>"
        )
        .unwrap();
    }
    let limit = "<limit lower=\"-1\" upper=\"1\" velocity=\"2\" effort=\"9\"/>";
    write!(
        text,
        "<joint name=\"a\" type=\"revolute\"><parent link=\"base\"/><child link=\"arm\"/><axis xyz=\"0 1 0\"/>{limit}\
         <dynamics damping=\"0.5\" friction=\"0.2\" armature=\"0.03\"/></joint>\
         <joint name=\"p\" type=\"fixed\"><parent link=\"arm\"/><child link=\"plate\"/><origin xyz=\"0.2 0 0\"/></joint>\
         <joint name=\"s\" type=\"prismatic\"><parent link=\"plate\"/><child link=\"slide\"/><axis xyz=\"0 0 1\"/>{limit}\
         </joint></robot>"
    )
    .unwrap();
    text
}

#[test]
fn a_urdf_becomes_bodies_with_what_is_fixed_to_them() {
    let tree = Tree::<2>::from_urdf(&text()).unwrap();
    let [arm, slide] = tree.bodies();
    assert_eq!((tree.name(), arm.name.as_str(), slide.name.as_str()), ("two", "arm", "slide"));
    assert_eq!((arm.parent, slide.parent), (None, Some(0)));
    assert_eq!((arm.inertia.mass_kg, slide.joint.kind), (3.0, JointKind::Prismatic));
    assert!((arm.inertia.centre_m - Vector3::new(0.2 / 3.0, 0.0, 0.1)).norm() < 1e-12);
    assert_eq!((arm.joint.damping, arm.joint.coulomb, arm.joint.armature), (0.5, 0.2, 0.03));
    assert_eq!((slide.joint.damping, slide.joint.armature), (0.0, 0.0));
    let plate = tree.frame("plate").unwrap();
    assert_eq!(tree.carrier(plate), Some(0));
    assert_eq!(tree.carrier(tree.frame("base").unwrap()), None);
    let at = tree.frame_pose(&V::zeros(), plate).translation.vector;
    assert!((at - Vector3::x() * 0.2).norm() < 1e-12);
}

#[test]
fn a_urdf_that_is_no_tree_of_bodies_is_refused_with_what_to_do() {
    let good = text();
    let refuse = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        Tree::<2>::from_urdf(&good.replacen(from, to, 1)).unwrap_err()
    };
    let says = |error: UrdfError, words: &str| {
        let text = error.to_string();
        assert!(text.contains(words), "{text}");
    };
    says(refuse("ixx=\"0.02\"", "ixx=\"-0.02\""), "wrong sign");
    says(refuse("izz=\"0.01\"", "izz=\"0.05\""), "about the centre of mass");
    says(refuse("<mass value=\"2\"/>", "<mass value=\"0\"/>"), "give a <mass>");
    says(refuse("<mass value=\"2\"/>", ""), "<inertial> of joint \"arm\" has no mass");
    says(refuse("iyz=\"0\"", ""), "iyz");
    says(refuse("friction=\"0.2\"", "friction=\"-1\""), "friction of joint a is -1");
    says(refuse("armature=\"0.03\"", "armature=\"x\""), "one finite number");
    says(refuse("type=\"prismatic\"", "type=\"floating\""), "is floating; expected revolute");
    says(refuse("<axis xyz=\"0 0 1\"/>", "<mimic joint=\"a\"/>"), "is a mimic");
    says(
        refuse("<link name=\"base\"/>", "<link name=\"base\"/><link name=\"b2\"/>"),
        "2 links hang",
    );
    says(refuse("parent link=\"base\"", "parent link=\"slide\""), "is its own ancestor");
    assert!(matches!(
        refuse("type=\"prismatic\"", "type=\"fixed\""),
        UrdfError::Rigid(RigidError::JointCount { got: 1, expected: 2 })
    ));
}
