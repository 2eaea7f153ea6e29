//! Kinematics and dynamics against what we did not write: Pinocchio and MuJoCo, 1,000 random states of each arm.
//!
//! `scripts/golden-dynamics` makes the values; `scripts/golden_dynamics.py` says what is in the files.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a file that can not be read is a failed test"
)]

use nalgebra::{Quaternion, SMatrix, SVector, UnitQuaternion, Vector3};
use sim::rigid::{Force, Tree, no_outside};

/// Joints of both arms.
const N: usize = 7;
type V = SVector<f64, N>;

/// Position of a frame, and its Jacobian. Unit: m, m/rad, rad/rad.
const KINEMATICS_MAX: f64 = 1e-9;
/// Mass matrix, inverse and forward dynamics, as a share: each number for itself, so that a wrist of 1e-4 kg·m² counts
/// as much as a shoulder.
const DYNAMICS_MAX: f64 = 1e-6;
/// An effort is not small below this share of what its drive can give, an acceleration not below 1 per second squared.
const SMALL_EFFORT: f64 = 0.01;
const SMALL_ACCELERATION: f64 = 1.0;

/// One file, read number by number.
struct Numbers<'a> {
    bytes: &'a [u8],
}

impl Numbers<'_> {
    fn word(&mut self) -> u32 {
        let (word, rest) = self.bytes.split_first_chunk::<4>().unwrap();
        self.bytes = rest;
        u32::from_le_bytes(*word)
    }

    fn next(&mut self) -> f64 {
        let (number, rest) = self.bytes.split_first_chunk::<8>().unwrap();
        self.bytes = rest;
        f64::from_le_bytes(*number)
    }

    fn vector<const K: usize>(&mut self) -> SVector<f64, K> {
        SVector::from_fn(|_, _| self.next())
    }

    fn jacobian(&mut self) -> SMatrix<f64, 6, N> {
        // By columns, which is the order of `from_fn`.
        SMatrix::from_fn(|_, _| self.next())
    }

    fn mass(&mut self) -> SMatrix<f64, N, N> {
        let mut mass = SMatrix::zeros();
        for i in 0..N {
            for j in i..N {
                mass[(i, j)] = self.next();
                mass[(j, i)] = mass[(i, j)];
            }
        }
        mass
    }
}

/// What one of the two says of one state.
struct Said {
    position_m: Vector3<f64>,
    rotation: UnitQuaternion<f64>,
    jacobian: SMatrix<f64, 6, N>,
    mass: SMatrix<f64, N, N>,
    inverse: V,
    forward: V,
}

impl Said {
    fn read(numbers: &mut Numbers<'_>) -> Self {
        Self {
            position_m: numbers.vector(),
            rotation: UnitQuaternion::new_normalize(Quaternion::from_vector(numbers.vector())),
            jacobian: numbers.jacobian(),
            mass: numbers.mass(),
            inverse: numbers.vector(),
            forward: numbers.vector(),
        }
    }
}

/// Farthest from what was said, over all states.
#[derive(Debug, Default)]
struct Apart {
    position_m: f64,
    rotation_rad: f64,
    jacobian: f64,
    mass: f64,
    inverse: f64,
    forward: f64,
}

impl Apart {
    fn note(&mut self, tree: &Tree<N>, ours: &Said, theirs: &Said) {
        // Written so that NaN is the farthest.
        let worst = |so_far: &mut f64, now: f64| {
            if !(now <= *so_far) {
                *so_far = now;
            }
        };
        worst(&mut self.position_m, (ours.position_m - theirs.position_m).norm());
        worst(&mut self.rotation_rad, ours.rotation.angle_to(&theirs.rotation));
        worst(&mut self.jacobian, (ours.jacobian - theirs.jacobian).amax());
        for (i, joint) in tree.joints().enumerate() {
            for j in 0..N {
                let size = (theirs.mass[(i, i)] * theirs.mass[(j, j)]).sqrt();
                worst(&mut self.mass, (ours.mass - theirs.mass)[(i, j)].abs() / size);
            }
            let share = |ours: f64, theirs: f64, small: f64| {
                (ours - theirs).abs() / theirs.abs().max(small)
            };
            let small = SMALL_EFFORT * joint.effort_max;
            worst(&mut self.inverse, share(ours.inverse[i], theirs.inverse[i], small));
            let small = SMALL_ACCELERATION;
            worst(&mut self.forward, share(ours.forward[i], theirs.forward[i], small));
        }
    }

    fn judge(&self, who: &str) {
        let kinematics = [self.position_m, self.rotation_rad, self.jacobian];
        assert!(kinematics.iter().all(|x| *x <= KINEMATICS_MAX), "{who}: {self:?}");
        let dynamics = [self.mass, self.inverse, self.forward];
        assert!(dynamics.iter().all(|x| *x <= DYNAMICS_MAX), "{who}: {self:?}");
    }
}

/// Ours of the next state in the file.
fn ours(tree: &Tree<N>, numbers: &mut Numbers<'_>) -> Said {
    let [q, v, a, effort] = [(); 4].map(|()| numbers.vector::<N>());
    let (force_n, moment_n_m) = (numbers.vector::<3>(), numbers.vector::<3>());
    let (frame, poses) = (tree.frame("tip").unwrap(), tree.poses(&q));
    let carrier = tree.carrier(frame).unwrap();
    let at_m = tree.frame_in(&poses, frame).origin_m;
    let mut outside = no_outside();
    outside[carrier] = poses[carrier].force_in(&Force::at(&at_m, force_n, moment_n_m));
    let pose = tree.frame_pose(&q, frame);
    Said {
        position_m: pose.translation.vector,
        rotation: pose.rotation,
        jacobian: tree.jacobian(&q, frame),
        mass: tree.mass_matrix(&q),
        inverse: tree.inverse_dynamics(&q, &v, &a, &outside),
        forward: tree.forward_dynamics(&q, &v, &effort, &outside),
    }
}

fn compare(urdf: &str, file: &[u8]) {
    let tree = Tree::<N>::from_urdf(urdf).unwrap();
    let Some(bytes) = file.strip_prefix(b"FRGOLD01") else { panic!("another kind of file") };
    let mut numbers = Numbers { bytes };
    let (states, joints) = (numbers.word(), numbers.word());
    assert_eq!((states, joints), (1_000, 7));
    // Per state: four vectors and a wrench, then what each of the two says.
    let each = 7 + 6 * N + N * (N + 1) / 2 + 2 * N;
    assert_eq!(numbers.word() as usize, 4 * N + 6 + 2 * each);
    assert_eq!(numbers.word(), 0);
    let (mut pinocchio, mut mujoco) = (Apart::default(), Apart::default());
    for _ in 0..states {
        let ours = ours(&tree, &mut numbers);
        pinocchio.note(&tree, &ours, &Said::read(&mut numbers));
        mujoco.note(&tree, &ours, &Said::read(&mut numbers));
    }
    assert!(numbers.bytes.is_empty());
    pinocchio.judge("Pinocchio");
    mujoco.judge("MuJoCo");
}

#[test]
fn the_patient_side_arm_agrees_with_pinocchio_and_mujoco() {
    compare(include_str!("../models/psm.urdf"), include_bytes!("golden/psm.bin"));
}

#[test]
fn the_seven_joint_arm_agrees_with_pinocchio_and_mujoco() {
    compare(include_str!("../models/arm7.urdf"), include_bytes!("golden/arm7.bin"));
}

/// A comparison that nothing can fail would prove nothing.
#[test]
#[should_panic(expected = "Pinocchio: Apart")]
fn a_gram_more_in_the_carriage_is_noticed() {
    let text = include_str!("../models/psm.urdf");
    let heavier = text.replacen("<mass value=\"0.45\"/>", "<mass value=\"0.451\"/>", 1);
    assert_ne!(heavier, text);
    compare(&heavier, include_bytes!("golden/psm.bin"));
}
