//! `Size`: the size of a terminal.

use serde::{Deserialize, Serialize};

const USUAL_WIDTH: u16 = 80;
const USUAL_HEIGHT: u16 = 24;
const LEAST_WIDTH: u16 = 8;
const MOST: u16 = 1000;

/// The size of a terminal in characters, within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    width: u16,
    height: u16,
}

impl Size {
    /// A size as a terminal reports it; 0 if it does not know.
    pub fn new(width: u16, height: u16) -> Self {
        Self {
            width: if width == 0 { USUAL_WIDTH } else { width.clamp(LEAST_WIDTH, MOST) },
            height: if height == 0 { USUAL_HEIGHT } else { height.min(MOST) },
        }
    }

    /// The columns, 8 to 1000.
    pub fn width(self) -> usize {
        usize::from(self.width)
    }

    /// The rows, 1 to 1000.
    pub fn height(self) -> usize {
        usize::from(self.height)
    }
}

impl Default for Size {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_reported_size_is_brought_within_bounds() {
        for (reported, width) in [(0, 80), (1, 8), (7, 8), (8, 8), (1000, 1000), (65535, 1000)] {
            assert_eq!(Size::new(reported, 24).width(), width);
        }
        assert_eq!((Size::new(80, 0).height(), Size::new(80, 65535).height()), (24, 1000));
    }
}
