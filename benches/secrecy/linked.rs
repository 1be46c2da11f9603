//! The inner figures of one month become months, quarters and years that add up.
//!
//! Sixty months of France are `linked(tree, 9, &inner, calendar(5), 5)`. [`three_way`] invents all.

use conum::protect::network::Network;
use conum::protect::system::State;
use conum::protect::tree::Tree;

/// An inner figure: territory, column from 1, value.
pub type Inner = (u32, u32, u64);

/// The slices of whole years: years, each over its quarters, each over its months.
pub fn calendar(years: u32) -> Tree {
    let mut slices = Tree::default();
    for year in 0..years {
        let whole = slices.push(&format!("{year}"), None);
        for quarter in 1..=4 {
            let part = slices.push(&format!("{year}-T{quarter}"), Some(whole));
            for month in quarter * 3 - 2..=quarter * 3 {
                slices.push(&format!("{year}-{month:02}"), Some(part));
            }
        }
    }
    slices
}

/// A table with all its totals where each slice without parts draws its inner figures anew: a
/// figure of n becomes the number of heads among 2 n coins. A slice alone has the figures as they
/// are. Counts from 1 to `below` − 1 are primary.
pub fn linked(territory: Tree, columns: u32, inner: &[Inner], slices: Tree, below: u64) -> Network {
    let figures = territory.len() * columns as usize;
    let mut values = vec![0; slices.len() * figures];
    let mut coins = Coins(0);
    for slice in slices.leaves() {
        let values = &mut values[slice as usize * figures..][..figures];
        for (place, column, value) in inner {
            let value = if slices.len() == 1 { *value } else { coins.heads(2 * value) };
            values[(place * columns + column) as usize] += value;
            if columns > 1 {
                values[(place * columns) as usize] += value;
            }
        }
    }
    for slice in slices.nodes().rev() {
        for place in territory.nodes().rev() {
            for column in 0..columns {
                let cell = |slice: u32, place: u32| {
                    slice as usize * figures + (place * columns + column) as usize
                };
                let value = values[cell(slice, place)];
                // Totals of territory first, in the slices without parts; these add up in others.
                if let Some(above) = territory.parent(place)
                    && slices.children(slice).is_empty()
                {
                    values[cell(slice, above)] += value;
                }
                if let Some(above) = slices.parent(slice) {
                    values[cell(above, place)] += value;
                }
            }
        }
    }
    let state = |value: &u64| match *value {
        0 => State::Frozen,
        value if value < below => State::Primary,
        _ => State::Free,
    };
    let (states, costs) = (values.iter().map(state).collect(), values.clone());
    Network { territory, columns, slices, values, states, costs, ..Network::default() }
}

/// The three-way table of 823 × 18 × 10 cells that the suppression literature times: a tree of
/// three levels, a flat dimension and another as slices. Small counts, a third of them absent.
pub fn three_way() -> Network {
    let mut territory = Tree::default();
    let top = territory.push("total", None);
    for group in 0..22 {
        let node = territory.push(&format!("{group}"), Some(top));
        for part in 0..if group < 8 { 37 } else { 36 } {
            territory.push(&format!("{group}.{part}"), Some(node));
        }
    }
    let mut coins = Coins(1);
    let mut inner = Vec::new();
    for place in territory.leaves() {
        let most = 2 << coins.heads(6);
        for column in 1..18 {
            let value = coins.next() % most;
            inner.extend((!value.is_multiple_of(3)).then_some((place, column, value)));
        }
    }
    let parts: Vec<String> = (1..10).map(|part| part.to_string()).collect();
    let slices = Tree::flat("total", parts.iter().map(String::as_str));
    linked(territory, 18, &inner, slices, 5)
}

/// Numbers that look drawn at random. (SplitMix64.)
struct Coins(u64);

impl Coins {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn heads(&mut self, coins: u64) -> u64 {
        let full = (0..coins / 64).map(|_| u64::from(self.next().count_ones())).sum::<u64>();
        full + u64::from((self.next() & ((1 << (coins % 64)) - 1)).count_ones())
    }
}
