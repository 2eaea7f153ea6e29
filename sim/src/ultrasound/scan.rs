//! One beam: losses summed in decibels, scatterers placed, interfaces drawn.

use nalgebra::{Isometry3, Matrix3, Point3, Vector3};

use super::SAMPLES;
use super::compress::Compress;
use super::probe::{Probe, Settings};
use super::speckle::Speckle;
use crate::phantom::{BeamPath, Phantom, Segment, Tissue};

/// Samples between two exact depths below the skin; the wall is interpolated in between.
const STRIDE: usize = 8;

/// Way over which tissue squeezed by the face gives way. Unit: m. Most of a press is taken up by the wall.
const SQUEEZE_M: f64 = 0.035;

/// Size of slow texture. Unit: cells per m.
const TEXTURE_CELLS_PER_M: f32 = 220.0;

/// Length of fibres of layered media. Unit: cells per m.
const FIBRE_CELLS_PER_M: f32 = 90.0;

/// Size of the unevenness of interfaces. Unit: cells per m.
const ROUGH_CELLS_PER_M: f32 = 160.0;

/// Echo of the front of a rib, which has no interface of its own in the file. Unit: dB.
const RIB_FRONT_DB: f32 = 24.0;

/// What is the same for all beams of a picture.
pub(super) struct View<'a> {
    pub phantom: &'a Phantom,
    pub probe: &'a Probe,
    pub settings: &'a Settings,
    pub speckle: &'a Speckle,
    pub compress: &'a Compress,
    /// Time gain compensation and focus, per sample. Unit: dB.
    pub gain_db: &'a [f32],
    pub pose: &'a Isometry3<f64>,
    pub t_s: f64,
}

/// A beam ready to be walked.
pub(super) struct Beam {
    origin: Point3<f64>,
    direction: Vector3<f64>,
    press_m: f64,
    /// Loss for want of contact. Unit: dB, 0 or less.
    pub coupling_db: f32,
}

/// Running sums of a walk along one beam.
struct Walk {
    loss_db: f32,
    medium: u8,
    tissue: Tissue,
    segment: usize,
    texture: f32,
}

/// A sample's place.
struct Place {
    way_m: f64,
    depth_m: f64,
    body: Vector3<f64>,
}

impl View<'_> {
    /// Beam number `beam`, or nothing where its element does not touch.
    pub(super) fn beam(&self, beam: usize) -> Option<Beam> {
        let (origin, direction) = self.probe.beam(beam as f64);
        let (origin, direction) = (self.pose * origin, self.pose.rotation * direction);
        let gap_m = self.phantom.surface_distance(&origin, self.t_s);
        let open = gap_m / self.probe.gel_max_m;
        if open > 1.0 {
            return None;
        }
        // A thin film costs nothing; toward its limit air gets in.
        let coupling_db = -40.0 * ((open - 0.3) / 0.7).max(0.0).powi(2) as f32;
        Some(Beam { origin, direction, press_m: (-gap_m).clamp(0.0, 0.03), coupling_db })
    }

    /// Fills one beam with complex echoes.
    pub(super) fn fill(&self, beam: &Beam, path: &mut BeamPath, re: &mut [f32], im: &mut [f32]) {
        self.phantom.trace(&beam.origin, &beam.direction, self.t_s, path);
        let rest = self.phantom.body_from_base(self.t_s);
        let step_m = self.settings.depth_m / SAMPLES as f64;
        let glance_db = self.wall_glance_db(beam);
        // There and back, in cm and MHz.
        let loss_per_step = (2.0 * self.settings.frequency_mhz * step_m * 100.0) as f32;
        let mut walk = Walk {
            loss_db: -beam.coupling_db,
            medium: u8::MAX,
            tissue: Tissue::AIR,
            segment: 0,
            texture: 0.0,
        };
        let mut depths = (self.depth_at(beam, 0.5 * step_m), 0.0);
        let mut last_depth_m = depths.0;
        let samples = re.iter_mut().zip(im.iter_mut()).zip(self.gain_db).enumerate();
        for (i, ((re, im), gain_db)) in samples {
            let part = i % STRIDE;
            if part == 0 {
                if i > 0 {
                    depths.0 = depths.1;
                }
                depths.1 = self.depth_at(beam, ((i + STRIDE) as f64 + 0.5) * step_m);
            }
            let depth_m = depths.0 + (depths.1 - depths.0) * part as f64 / STRIDE as f64;
            let way_m = beam.tissue_way((i as f64 + 0.5) * step_m);
            let place = Place { way_m, depth_m, body: self.body(beam, &rest, way_m) };
            let front_db = walk.enter(self, path.segments(), &place, (last_depth_m, glance_db));
            last_depth_m = depth_m;
            if i % 4 == 0 {
                walk.texture = self.slow_texture(&walk.tissue, &place);
            }
            let level_db = gain_db - walk.loss_db;
            [*re, *im] = self.echo(&walk, &place, level_db, front_db);
            walk.loss_db += walk.tissue.attenuation_db_cm_mhz as f32 * loss_per_step;
        }
    }

    /// Complex echo of one sample: scatterers, and the interface in front of it.
    #[inline]
    fn echo(&self, walk: &Walk, place: &Place, level_db: f32, front_db: f32) -> [f32; 2] {
        let grain = self.grain(&walk.tissue, place);
        let scatter_db = level_db + walk.tissue.echo_db as f32 + walk.texture + grain;
        let amplitude = self.compress.amplitude(scatter_db);
        let front = if front_db > -40.0 {
            self.compress.amplitude(level_db + front_db + self.roughness(place))
        } else {
            0.0
        };
        if amplitude + front < 1e-4 {
            return [0.0; 2];
        }
        let at = [place.body.x as f32, place.body.y as f32, place.body.z as f32];
        let [re, im] = self.speckle.scatterer(at);
        // An interface is a sheet of scatterers in phase, a little uneven.
        [re * amplitude + front * (0.8 + 0.45 * re), im * (amplitude + 0.45 * front)]
    }

    fn slow_texture(&self, tissue: &Tissue, place: &Place) -> f32 {
        if tissue.texture_db <= 0.0 {
            return 0.0;
        }
        let fine = place.body.map(|x| x as f32 * TEXTURE_CELLS_PER_M);
        let coarse = fine * 0.31;
        let texture = 0.4 * self.speckle.texture([fine.x, fine.y, fine.z])
            + 0.4 * self.speckle.texture([coarse.x, coarse.y, coarse.z]);
        tissue.texture_db as f32 * texture
    }

    /// Unevenness of an interface. Unit: dB.
    fn roughness(&self, place: &Place) -> f32 {
        let at = place.body.map(|x| x as f32 * ROUGH_CELLS_PER_M);
        3.5 * self.speckle.texture([at.x, at.y, at.z])
    }

    /// Fibres along the layers of the wall. Unit: dB.
    #[inline]
    fn grain(&self, tissue: &Tissue, place: &Place) -> f32 {
        if tissue.grain_m <= 0.0 {
            return 0.0;
        }
        let along = place.body.map(|x| x as f32 * FIBRE_CELLS_PER_M);
        let across = (place.depth_m / tissue.grain_m) as f32;
        let fibre = self.speckle.texture([along.x, along.y, across]);
        7.0 * fibre.abs() - 5.0
    }

    fn body(&self, beam: &Beam, rest: &Matrix3<f64>, way_m: f64) -> Vector3<f64> {
        rest * (beam.origin.coords - self.phantom.centre().coords + beam.direction * way_m)
    }

    /// Depth below the skin at a way along the picture.
    fn depth_at(&self, beam: &Beam, picture_way_m: f64) -> f64 {
        let point = beam.origin + beam.direction * beam.tissue_way(picture_way_m);
        -self.phantom.surface_distance(&point, self.t_s)
    }

    /// Loss of the wall's mirror-like interfaces for the angle of this beam. Unit: dB.
    fn wall_glance_db(&self, beam: &Beam) -> f32 {
        let normal = self.phantom.surface_normal(&beam.origin, self.t_s);
        let cosine = normal.dot(&beam.direction).abs().max(0.05);
        let tangent2 = (1.0 - cosine * cosine) / (cosine * cosine);
        (-20.0 * tangent2).max(-14.0) as f32
    }
}

impl Beam {
    /// Way along the undeformed body that shows at a way along the picture: the squeezed part is drawn out.
    fn tissue_way(&self, picture_way_m: f64) -> f64 {
        let given = 1.0 / (1.0 + picture_way_m / SQUEEZE_M);
        picture_way_m - self.press_m * given * given
    }
}

impl Walk {
    /// Moves into the medium at `place`; level of the interface crossed on the way. Unit: dB.
    ///
    /// `wall` is the depth of the sample before and the wall's loss for the angle.
    fn enter(
        &mut self,
        view: &View<'_>,
        segments: &[Segment],
        place: &Place,
        wall: (f64, f32),
    ) -> f32 {
        let mut front_db = f32::NEG_INFINITY;
        let mut edge_db = 0.0;
        while let Some(segment) = segments.get(self.segment).filter(|s| s.end_m <= place.way_m) {
            front_db = front_db.max(segment.boundary_db as f32);
            // Sound that glances off a curved edge is bent away: the thin shadow beside cysts and vessels.
            edge_db += 2.5 * (1.0 - segment.cosine as f32).powi(3);
            self.segment += 1;
        }
        let medium = if place.depth_m < 0.0 {
            u8::MAX
        } else if let Some(medium) = view.phantom.wall_medium(&place.body, place.depth_m) {
            front_db = f32::NEG_INFINITY;
            medium
        } else {
            self.loss_db += edge_db;
            segments.get(self.segment).map_or(0, |s| s.medium)
        };
        for layer in view.phantom.layers() {
            if (wall.0..place.depth_m).contains(&layer.end_m) {
                front_db = front_db.max(layer.boundary_db as f32 + wall.1);
            }
        }
        if medium != self.medium {
            let next = view.phantom.medium(medium);
            // Outside, the gel in front of the skin is clear; behind the body there is air.
            let first = self.medium == u8::MAX && place.way_m < 0.02;
            if medium != u8::MAX || !first {
                self.loss_db += next.shadow_db() as f32;
            }
            if next.shadow_db() > 0.0 && medium != u8::MAX {
                // The front itself returns before its own shadow falls.
                let own_db = if front_db > f32::NEG_INFINITY { front_db } else { RIB_FRONT_DB };
                front_db = own_db + next.shadow_db() as f32;
            }
            self.medium = medium;
            self.tissue = next;
            if medium == u8::MAX && first {
                self.tissue.attenuation_db_cm_mhz = 0.0;
            }
        }
        front_db
    }
}
