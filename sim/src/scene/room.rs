//! A room of a ward as surfaces: floor, walls, doors, windows, and what is behind those.

use nalgebra::{Point3, Vector3};

use super::colour::Light;
use super::mesh::{Gloss, Mesh};
use crate::carebase::Room;

/// Height of the ceiling. Unit: m.
const CEILING_M: f32 = 2.6;
/// A tile of the floor. Unit: m.
const TILE_M: f32 = 0.5;
/// A window to the next room: from this height to that, and half of its width. Unit: m.
const WINDOW_M: (f32, f32) = (0.5, 2.15);
const WINDOW_HALF_M: f32 = 1.5;
/// How deep the next room is. Unit: m.
const NEXT_M: f32 = 2.6;

/// Up to here the walls have another colour. Unit: m.
const LOWER_M: f32 = 0.85;
/// Where doors begin, as shares of the walls to the left and to the right, and how wide they are. Unit: m.
const DOORS_LEFT: [f32; 2] = [0.25, 0.62];
const DOORS_RIGHT: [f32; 2] = [0.30, 0.72];
const DOOR_M: f32 = 1.1;

const WALL: Light = Light::new(0.62, 0.66, 0.62);
const LOWER_WALL: Light = Light::new(0.32, 0.46, 0.48);
const WOOD: Light = Light::new(0.42, 0.25, 0.12);
const FRAME: Light = Light::new(0.70, 0.70, 0.66);

/// Corners of the room: behind and to the right, ahead and to the left.
#[derive(Clone, Copy)]
struct Corners {
    min: [f32; 2],
    max: [f32; 2],
}

impl From<&Room> for Corners {
    fn from(room: &Room) -> Self {
        Self { min: room.min_m.map(|m| m as f32), max: room.max_m.map(|m| m as f32) }
    }
}

/// Floor, ceiling and walls of the room, as the plant has them.
pub(super) fn room(room: &Room) -> Vec<Mesh> {
    let corners = Corners::from(room);
    vec![floor(corners), ceiling(corners), walls(corners), doors(corners)]
}

fn floor(Corners { min: [x0, y0], max: [x1, y1] }: Corners) -> Mesh {
    let mut mesh = Mesh::new(Gloss::MATT);
    let (columns, rows) = (((x1 - x0) / TILE_M).ceil() as u16, ((y1 - y0) / TILE_M).ceil() as u16);
    for row in 0..rows {
        for column in 0..columns {
            let (x, y) = (x0 + f32::from(column) * TILE_M, y0 + f32::from(row) * TILE_M);
            let size = Vector3::new(TILE_M.min(x1 - x), TILE_M.min(y1 - y), 0.0);
            let light = if (row + column) % 2 == 0 { 0.40 } else { 0.33 };
            let sides = [Vector3::x() * size.x, Vector3::y() * size.y];
            mesh.plate(Point3::new(x, y, 0.0), sides, 2, Light::new(light, light, 0.92 * light));
        }
    }
    mesh
}

fn ceiling(Corners { min: [x0, y0], max: [x1, y1] }: Corners) -> Mesh {
    let mut mesh = Mesh::new(Gloss::MATT);
    let sides = [Vector3::x() * (x1 - x0), Vector3::y() * (y1 - y0)];
    mesh.plate(Point3::new(x0, y0, CEILING_M), sides, 6, Light::repeat(0.70));
    for along in [0.25_f32, 0.55, 0.85] {
        let at = Point3::new(x0 + along * (x1 - x0), -0.6, CEILING_M - 0.01);
        mesh.plate(at, [Vector3::x() * 0.3, Vector3::y() * 1.2], 1, Light::repeat(2.0));
    }
    mesh
}

/// A wall from one corner to another, its lower part in another colour.
fn wall(mesh: &mut Mesh, from: [f32; 2], to: [f32; 2], window: Option<f32>) {
    let along = Vector3::new(to[0] - from[0], to[1] - from[1], 0.0);
    let length = along.norm();
    let unit = along / length;
    let mut piece = |begin: f32, end: f32, low: f32, high: f32, colour: Light| {
        if end > begin && high > low {
            let at = Point3::new(from[0], from[1], low) + unit * begin;
            mesh.plate(at, [unit * (end - begin), Vector3::z() * (high - low)], 6, colour);
        }
    };
    piece(0.0, length, 0.0, 0.12, LOWER_WALL * 0.5);
    let Some(middle) = window else {
        piece(0.0, length, 0.12, LOWER_M, LOWER_WALL);
        piece(0.0, length, LOWER_M, CEILING_M, WALL);
        return;
    };
    let (left, right) = (middle - WINDOW_HALF_M, middle + WINDOW_HALF_M);
    for (begin, end) in [(0.0, left), (right, length)] {
        piece(begin, end, 0.12, LOWER_M, LOWER_WALL);
        piece(begin, end, LOWER_M, CEILING_M, WALL);
    }
    piece(left, right, 0.12, WINDOW_M.0, LOWER_WALL);
    piece(left, right, WINDOW_M.1, CEILING_M, WALL);
    let edge = 0.06;
    piece(left, left + edge, WINDOW_M.0, WINDOW_M.1, FRAME);
    piece(right - edge, right, WINDOW_M.0, WINDOW_M.1, FRAME);
    piece(middle - 0.5 * edge, middle + 0.5 * edge, WINDOW_M.0, WINDOW_M.1, FRAME);
    piece(left, right, WINDOW_M.0, WINDOW_M.0 + edge, FRAME);
    piece(left, right, WINDOW_M.1 - edge, WINDOW_M.1, FRAME);
}

fn walls(Corners { min: [x0, y0], max: [x1, y1] }: Corners) -> Mesh {
    let mut mesh = Mesh::new(Gloss::MATT);
    // Ahead, with a window; to the left; behind; to the right.
    wall(&mut mesh, [x1, y0], [x1, y1], Some(0.5 * (y1 - y0)));
    wall(&mut mesh, [x1, y1], [x0, y1], None);
    wall(&mut mesh, [x0, y1], [x0, y0], None);
    wall(&mut mesh, [x0, y0], [x1, y0], None);
    // A rail to hold on to, from door to door.
    for (y, doors) in [(y0 + 0.03, DOORS_RIGHT), (y1 - 0.06, DOORS_LEFT)] {
        let [near, far] = doors.map(|share| x0 + share * (x1 - x0));
        for (from, to) in [(x0, near), (near + DOOR_M, far), (far + DOOR_M, x1)] {
            let ends = (Point3::new(from + 0.1, y, 0.9), Point3::new(to - 0.1, y + 0.03, 0.96));
            mesh.cuboid(ends.0, ends.1, WOOD);
        }
    }
    mesh
}

/// Closed doors in the walls to the left, to the right and behind.
fn doors(Corners { min: [x0, y0], max: [x1, y1] }: Corners) -> Mesh {
    let mut mesh = Mesh::new(Gloss::PLASTIC);
    let mut door = |at: Point3<f32>, along: Vector3<f32>, out: Vector3<f32>| {
        let up = Vector3::z() * 2.05;
        mesh.plate(at + out * 0.010 - along * 0.06, [along * 1.12, up * 1.03], 4, FRAME);
        mesh.plate(at + out * 0.014, [along, up], 6, WOOD);
        let handle = at + out * 0.02 + along * 0.86 + Vector3::z() * 1.02;
        mesh.plate(handle, [along * 0.10, Vector3::z() * 0.03], 1, Light::repeat(0.75));
        let pane = at + out * 0.018 + along * 0.62 + Vector3::z() * 1.35;
        mesh.plate(pane, [along * 0.18, Vector3::z() * 0.5], 1, Light::new(0.10, 0.16, 0.20));
    };
    let across = Vector3::x() * DOOR_M;
    for (y, doors, out) in [(y1, DOORS_LEFT, -Vector3::y()), (y0, DOORS_RIGHT, Vector3::y())] {
        for share in doors {
            door(Point3::new(x0 + share * (x1 - x0), y, 0.0), across, out);
        }
    }
    door(Point3::new(x0, y0 + 0.4 * (y1 - y0), 0.0), Vector3::y() * DOOR_M, Vector3::x());
    mesh
}

/// What is behind the window ahead: a bed, a chair, and somebody who stands there.
pub(super) fn far_side(room: &Room) -> Mesh {
    let Corners { min: [_, y0], max: [x1, y1] } = Corners::from(room);
    let mut mesh = Mesh::new(Gloss::MATT);
    let (across, deep) = (Vector3::y() * (y1 - y0), Vector3::x() * NEXT_M);
    let up = Vector3::z() * CEILING_M;
    let corner = Point3::new(x1, y0, 0.0);
    mesh.plate(corner + deep, [across, up], 4, Light::new(0.66, 0.62, 0.50));
    mesh.plate(corner + up, [across, deep], 4, Light::repeat(0.6));
    mesh.plate(corner, [across, deep], 4, Light::new(0.36, 0.32, 0.26));
    mesh.plate(corner, [deep, up], 4, Light::new(0.60, 0.57, 0.46));
    mesh.plate(corner + across, [deep, up], 4, Light::new(0.60, 0.57, 0.46));
    // The bed, its head at the wall on the right.
    let linen = Light::new(0.80, 0.82, 0.85);
    let (near, far) = (x1 + 1.2, x1 + 2.2);
    mesh.cuboid(Point3::new(near, -1.5, 0.55), Point3::new(far, 0.5, 0.78), linen);
    mesh.cuboid(
        Point3::new(near, -1.1, 0.78),
        Point3::new(far, 0.5, 0.86),
        Light::new(0.20, 0.42, 0.55),
    );
    mesh.cuboid(Point3::new(near + 0.2, -1.45, 0.78), Point3::new(far - 0.2, -1.05, 0.95), linen);
    mesh.cuboid(Point3::new(near, -1.6, 0.2), Point3::new(far, -1.5, 1.2), WOOD);
    mesh.cuboid(Point3::new(near, 0.5, 0.2), Point3::new(far, 0.57, 1.0), WOOD);
    // The chair.
    let seat = Light::new(0.18, 0.38, 0.24);
    mesh.cuboid(Point3::new(x1 + 1.6, 0.75, 0.42), Point3::new(x1 + 2.1, 1.2, 0.5), seat);
    mesh.cuboid(Point3::new(x1 + 2.05, 0.75, 0.5), Point3::new(x1 + 2.12, 1.2, 1.15), seat);
    mesh.join(&person().moved(Vector3::new(x1 + 0.9, 0.75, 0.0)));
    mesh
}

/// Somebody who stands there.
fn person() -> Mesh {
    let mut mesh = Mesh::new(Gloss::MATT);
    let (coat, trousers) = (Light::new(0.20, 0.50, 0.62), Light::new(0.12, 0.16, 0.28));
    let skin = Light::new(0.62, 0.38, 0.28);
    for side in [-0.09, 0.09] {
        let mut leg = Mesh::new(Gloss::MATT);
        leg.bar((0.0, 0.85), (0.07, 0.09), trousers);
        mesh.join(&leg.moved(Vector3::y() * side));
        let mut arm = Mesh::new(Gloss::MATT);
        arm.bar((0.82, 1.42), (0.045, 0.06), coat);
        mesh.join(&arm.moved(Vector3::y() * (side * 2.6)));
    }
    mesh.bar((0.82, 1.15), (0.19, 0.17), coat);
    mesh.bar((1.15, 1.44), (0.17, 0.20), coat);
    mesh.bar((1.44, 1.50), (0.20, 0.07), coat);
    mesh.bar((1.50, 1.57), (0.055, 0.055), skin);
    let mut head = Mesh::new(Gloss::MATT);
    head.net((17, 11), |around, down| {
        let (sin, cos) = (around * core::f32::consts::TAU).sin_cos();
        let (out, up) = (down * core::f32::consts::PI).sin_cos();
        let normal = Vector3::new(out * cos, out * sin, up);
        let hair = up > 0.35 || (cos > 0.2 && up > -0.3);
        let colour = if hair { Light::new(0.10, 0.06, 0.04) } else { skin };
        (Point3::from(normal.component_mul(&Vector3::new(0.105, 0.09, 0.13))), normal, colour)
    });
    mesh.join(&head.moved(Vector3::z() * 1.68));
    mesh
}
