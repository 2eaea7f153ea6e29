//! Model check: the part of the robot that decides who may do what (`robot_agent::core::conduct`), the
//! code in production and not a copy of it, together with everything that can be done to it.
//!
//! Problem: the mistakes that move a robot are made between rules that are each simple, in an order of
//! events that nobody thought of: a stop between two frames, a reset before its acknowledgement, a
//! second console during a restart. Tests of thought-of orders do not find them. Here `stateright` goes
//! through all orders and judges every step by laws ([`Law`]) that are kept in a ledger of the model's
//! own ([`ledger`]), without asking the robot what it believes.
//!
//! Two kinds of plans ([`Plan`]):
//!
//! - [`ANYTHING`]: at any time a frame of any kind may arrive. A network that loses, reorders, delays and
//!   repeats, and consoles that are honest or not, can do no more than that: a frame that is lost might
//!   as well not have been sent, one that is late is one of an earlier epoch or number, and what an
//!   arbitrary console had sent earlier it may as well send now. So this plan covers any number of
//!   consoles' frames under way, without keeping one.
//! - The others keep consoles that go by what they know, which may be late, and each frame that is under
//!   way. They say less and assume less: that the first kind forgets nothing shows in them.
//!
//! Every plan is explored to its end: the runs have no bound in length. What makes that finite is
//! [`key`]: worlds that differ only in numbers that nothing can tell apart are one. That such worlds
//! have the same future is tested on a sample of them. Time passes three seconds at once: longer than
//! every span but the lease, which two of them outlast.
//!
//! Limits: the readings and limits from which a tick is judged are not in here (a tick may find
//! anything), nor are the motion, the pictures, a clock that runs backwards and the code of a real
//! console. Of a state the checker keeps a number of 64 bits: among twenty million states, two have
//! the same number by chance in one exploration of a hundred thousand.
//!
//! `FARREACH_MODEL=deep` explores more than ten million states, in minutes and up to 6 GB:
//! `FARREACH_MODEL=deep cargo test --release -p robot-agent --test model -- --nocapture --test-threads 1`

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that fails says where, and what was explored is told"
)]

#[path = "model/acts.rs"]
mod acts;
#[path = "model/key.rs"]
mod key;
#[path = "model/ledger.rs"]
mod ledger;
#[path = "model/plan.rs"]
mod plan;
#[path = "model/wire.rs"]
mod wire;
#[path = "model/world.rs"]
mod world;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use protocol::cause::Cause;
use robot_agent::core::machine::Stop;
use stateright::{Checker, HasDiscoveries, Model, Property};

use acts::{Act, acts};
use key::Key;
use ledger::Law;
use plan::{Plan, Restart, Story};
use world::World;

/// A trip of each hardness, and a second cause of a protective stop: the first is kept.
const TRIPS: [(Cause, Stop); 5] = [
    (Cause::CmdSilence, Stop::Hold),
    (Cause::ContactForce, Stop::Protective),
    (Cause::Workspace, Stop::Protective),
    (Cause::LocalEstop, Stop::Emergency),
    (Cause::RobotFault, Stop::Fault),
];

/// Everything, from every console, at any time.
const ANYTHING: Plan = Plan {
    name: "anything",
    anything: true,
    powered: false,
    consoles: 2,
    wire: 0,
    dishonest: true,
    stops: true,
    bedside: true,
    trips: &TRIPS,
    waits: true,
    restart: Restart::NewNumbers,
    remembers: true,
    stories: &Story::ALL,
    states_max: 100_000_000,
};

/// One console, which uses its numbers again, and three frames under way.
const LOSSY: Plan = Plan {
    name: "lossy",
    anything: false,
    powered: true,
    consoles: 1,
    wire: 3,
    stops: false,
    bedside: false,
    trips: &[(Cause::CmdSilence, Stop::Hold)],
    restart: Restart::Never,
    stories: &[
        Story::FirstFollowed,
        Story::Healed,
        Story::Reclutched,
        Story::Refused,
        Story::Expired,
        Story::Duplicate,
        Story::Overtaken,
        Story::StaleFrame,
        Story::StrangersFrame,
    ],
    ..ANYTHING
};

/// Two consoles that compete, and two frames under way.
const HANDED_OVER: Plan = Plan {
    name: "handed over",
    consoles: 2,
    wire: 2,
    dishonest: false,
    stories: &[
        Story::FirstFollowed,
        Story::SecondFollowed,
        Story::HandedOver,
        Story::Healed,
        Story::Reclutched,
        Story::Refused,
        Story::Expired,
        Story::Duplicate,
        Story::Overtaken,
        Story::StaleFrame,
        Story::StrangersFrame,
    ],
    ..LOSSY
};

/// One console that stops and acknowledges, and somebody at the robot who does everything.
const BEDSIDE: Plan = Plan {
    name: "bedside",
    powered: false,
    wire: 1,
    dishonest: false,
    stops: true,
    bedside: true,
    trips: &TRIPS,
    restart: Restart::NewNumbers,
    remembers: false,
    stories: &[
        Story::FirstFollowed,
        Story::Healed,
        Story::Duplicate,
        Story::StaleFrame,
        Story::StrangersFrame,
        Story::StopHeard,
        Story::StopOfAnOldEpochHeard,
    ],
    ..LOSSY
};

/// A robot that restarts while frames of its former life are under way, and counts its epochs anew.
const REBORN: Plan = Plan {
    name: "reborn",
    stops: false,
    wire: 2,
    trips: &[(Cause::CmdSilence, Stop::Hold)],
    restart: Restart::SameEpochs,
    stories: &[Story::FirstFollowed, Story::StaleFrame, Story::StrangersFrame],
    ..BEDSIDE
};

/// Bounds the memory of a deep run: one state in thirteen is new, and takes 130 bytes.
const DEEP_STATES_MAX: usize = 600_000_000;

fn is_deep() -> bool {
    std::env::var("FARREACH_MODEL").is_ok_and(|mode| mode == "deep")
}

/// Threads that explore.
const THREADS: usize = 2;

/// A plan, for the checker.
struct Exploration {
    plan: Plan,
    told: Arc<AtomicU32>,
}

impl Model for Exploration {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        vec![World::begin(&self.plan)]
    }

    fn actions(&self, world: &World, next: &mut Vec<Act>) {
        if world.broken.is_empty() {
            acts(world, &self.plan, next);
        }
    }

    fn next_state(&self, world: &World, act: Act) -> Option<World> {
        let after = world.after(&act, &self.plan);
        if after.told & !self.told.load(Ordering::Relaxed) != 0 {
            self.told.fetch_or(after.told, Ordering::Relaxed);
        }
        Some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        const KEPT: [fn(&Exploration, &World) -> bool; Law::ALL.len()] = [
            |_, w| !w.broken.has(Law::ReArm),
            |_, w| !w.broken.has(Law::Authority),
            |_, w| !w.broken.has(Law::Identity),
            |_, w| !w.broken.has(Law::Bedside),
            |_, w| !w.broken.has(Law::Epoch),
            |_, w| !w.broken.has(Law::OneHolder),
            |_, w| !w.broken.has(Law::Trip),
            |_, w| !w.broken.has(Law::Lease),
            |_, w| !w.broken.has(Law::Told),
        ];
        Law::ALL
            .iter()
            .zip(KEPT)
            .map(|(law, kept)| Property::always(law.sentence(), kept))
            .collect()
    }
}

/// A run that breaks laws, act by act.
struct Counterexample {
    laws: Vec<Law>,
    text: String,
}

/// Explores `plan` to its end and prints how much that was.
///
/// # Errors
/// The shortest run that breaks a law: the same one each time.
#[expect(clippy::disallowed_methods, reason = "how long it took is printed")]
fn explore(plan: &Plan) -> Result<(), Counterexample> {
    let began = Instant::now();
    let told = Arc::new(AtomicU32::new(0));
    let checker = search(plan, &told, THREADS, usize::MAX);
    println!(
        "model {:<12} {:>9} unique states, {:>11} in all, depth {:>3}, {:>5.1} s",
        plan.name,
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        began.elapsed().as_secs_f64()
    );
    if !checker.discoveries().is_empty() {
        return Err(counterexample(plan, &shortest(plan, &told)));
    }
    assert!(checker.state_count() < plan.states_max, "{}: the plan is too large", plan.name);
    let told = told.load(Ordering::Relaxed);
    for story in plan.stories {
        assert!(story.is_in(told), "{}: no run tells of {story:?}", plan.name);
    }
    Ok(())
}

/// The shortest run that breaks a law: one more step is looked at until there is one.
fn shortest(plan: &Plan, told: &Arc<AtomicU32>) -> Vec<(World, Option<Act>)> {
    (2..)
        .find_map(|depth| search(plan, told, 1, depth).discoveries().into_values().next())
        .unwrap()
        .into_vec()
}

fn search(
    plan: &Plan,
    told: &Arc<AtomicU32>,
    threads: usize,
    depth: usize,
) -> impl Checker<Exploration> {
    Exploration { plan: plan.clone(), told: Arc::clone(told) }
        .checker()
        .threads(threads)
        .finish_when(HasDiscoveries::AnyFailures)
        .target_state_count(plan.states_max)
        .target_max_depth(depth)
        .spawn_bfs()
        .join()
}

fn counterexample(plan: &Plan, run: &[(World, Option<Act>)]) -> Counterexample {
    let mut text = String::new();
    let (last, _) = run.last().unwrap();
    let laws: Vec<Law> = Law::ALL.into_iter().filter(|l| last.broken.has(*l)).collect();
    writeln!(text, "{}: after {} steps is broken:", plan.name, run.len() - 1).unwrap();
    for law in &laws {
        writeln!(text, "  {}", law.sentence()).unwrap();
    }
    for (world, act) in run {
        let (word, epoch) = (world.conduct.word().word(), world.conduct.epoch());
        let act = act.as_ref().map_or(String::new(), Act::to_string);
        writeln!(text, "  {word:<9}{epoch:>5}  {act}").unwrap();
    }
    Counterexample { laws, text }
}

fn keeps_the_laws(plan: &Plan) {
    if let Err(found) = explore(plan) {
        panic!("{}", found.text);
    }
}

/// AUTHORITY, CLUTCH, LOCAL-ESTOP, REMOTE-STOP: whatever arrives, in any order, for ever.
#[test]
fn whatever_arrives_the_laws_are_kept() {
    keeps_the_laws(&ANYTHING);
}

#[test]
fn the_laws_are_kept_on_a_lossy_link() {
    let deep = Plan { wire: 2, stops: true, states_max: DEEP_STATES_MAX, ..LOSSY };
    keeps_the_laws(if is_deep() { &deep } else { &LOSSY });
}

#[test]
fn the_laws_are_kept_through_a_hand_over() {
    let deep = Plan { wire: 3, dishonest: true, states_max: DEEP_STATES_MAX, ..HANDED_OVER };
    keeps_the_laws(if is_deep() { &deep } else { &HANDED_OVER });
}

#[test]
fn the_laws_are_kept_through_what_is_done_at_the_robot() {
    let deep = Plan { wire: 2, states_max: DEEP_STATES_MAX, ..BEDSIDE };
    keeps_the_laws(if is_deep() { &deep } else { &BEDSIDE });
}

#[test]
fn the_laws_are_kept_through_a_restart_that_uses_epochs_again() {
    keeps_the_laws(&REBORN);
}

/// Why session numbers are drawn at random: with those of its former life a robot takes old frames for
/// new ones.
#[test]
fn a_restart_that_used_sessions_again_would_be_found() {
    let plan = Plan { name: "same numbers", restart: Restart::SameNumbers, ..REBORN };
    let found = explore(&plan).expect_err("frames of a former life are accepted");
    assert!(found.laws.contains(&Law::Identity), "{}", found.text);
}

/// Of the worlds that are met again, one in this many is compared with the one that it is taken for.
const COMPARED_EVERY: usize = 400;

/// The space of states is finite because worlds with the same key are taken for one. They may be: the
/// same can happen in them, and it leads to worlds that again have the same keys.
#[test]
fn worlds_that_are_alike_have_the_same_future() {
    for plan in
        [&ANYTHING, &Plan { wire: 2, ..LOSSY }, &Plan { wire: 1, ..HANDED_OVER }, &BEDSIDE, &REBORN]
    {
        let mut futures = BTreeMap::new();
        let begin = World::begin(plan);
        let mut next = VecDeque::from([begin.clone()]);
        futures.insert(Key::of(&begin), None);
        let (mut met, mut compared) = (0, 0);
        while let Some(world) = next.pop_front() {
            let after = future(&world, plan);
            futures.insert(Key::of(&world), Some(keys(&after)));
            for world in after {
                let key = Key::of(&world);
                match futures.get(&key) {
                    None => {
                        futures.insert(key, None);
                        next.push_back(world);
                    }
                    Some(None) => {}
                    Some(Some(expected)) => {
                        met += 1;
                        if met % COMPARED_EVERY == 0 {
                            compared += 1;
                            assert!(keys(&future(&world, plan)) == *expected, "{world:?}");
                        }
                    }
                }
            }
        }
        println!("model {:<12} {compared} worlds compared with others of the same key", plan.name);
        assert!(compared > 100);
    }
}

fn future(world: &World, plan: &Plan) -> Vec<World> {
    let mut next = Vec::new();
    acts(world, plan, &mut next);
    next.iter().map(|act| world.after(act, plan)).collect()
}

/// What of a future is compared: the sum of its keys, because the same acts may come in another order.
fn keys(future: &[World]) -> u64 {
    future.iter().map(|world| Key::of(world).digest()).fold(0, u64::wrapping_add)
}
