//! One direction of the network: what is on its way, over a link model.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::network::{Fate, LinkModel, LinkSpec};

/// Something that is on its way.
#[derive(Debug)]
pub(super) struct Parcel<T> {
    pub(super) item: T,
    /// When it was handed to the network.
    pub(super) offered: Duration,
    /// When the network has it there.
    pub(super) due: Duration,
    /// It has been there before.
    pub(super) again: bool,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Wire<T> {
    model: LinkModel,
    dark: bool,
    /// By when it is due; what is due at once, in the order in which it was offered.
    parcels: BTreeMap<(Duration, u64), Parcel<T>>,
    /// Parcels so far, copies included.
    offered: u64,
}

impl<T: Clone> Wire<T> {
    pub(super) fn new(spec: &LinkSpec, seed: u64) -> Self {
        let model = LinkModel::new(spec, seed);
        Self { model, dark: false, parcels: BTreeMap::new(), offered: 0 }
    }

    pub(super) const fn set_dark(&mut self, dark: bool) {
        self.dark = dark;
    }

    /// Hands `item`, which is `bytes` long without the headers of UDP and IP, to the network; false if it is
    /// lost.
    pub(super) fn offer(&mut self, item: T, bytes: usize, now: Duration) -> bool {
        if self.dark {
            return false;
        }
        let Fate::Delivered { at, again, .. } = self.model.offer(now, bytes) else { return false };
        let copy = again.map(|due| (due, item.clone()));
        self.put(Parcel { item, offered: now, due: at, again: false });
        if let Some((due, item)) = copy {
            self.put(Parcel { item, offered: now, due, again: true });
        }
        true
    }

    fn put(&mut self, parcel: Parcel<T>) {
        self.offered += 1;
        self.parcels.insert((parcel.due, self.offered), parcel);
    }

    /// Parcels so far, copies included.
    #[cfg(test)]
    pub(super) const fn offered(&self) -> u64 {
        self.offered
    }

    /// What has arrived by `now`, in the order of arrival.
    pub(super) fn arrived(&mut self, now: Duration) -> Option<Parcel<T>> {
        let first = self.parcels.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}
