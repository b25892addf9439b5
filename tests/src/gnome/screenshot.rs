//! Pictures of a headless desktop: that there is something on them.

use std::collections::HashMap;

/// What a picture shows, as far as a program can tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How many colours occur.
    pub colours: usize,
    /// The share of the commonest colour, from 0 to 1.
    pub commonest: f64,
}

impl Picture {
    /// Reads a PNG file.
    ///
    /// # Errors
    /// It is none, or not whole.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
        let mut pixels = vec![0; reader.output_buffer_size().ok_or("the picture is too large")?];
        let info = reader.next_frame(&mut pixels).map_err(|error| error.to_string())?;
        let mut counts: HashMap<&[u8], usize> = HashMap::new();
        let shown = &pixels[..info.buffer_size()];
        for pixel in shown.chunks_exact(info.color_type.samples()) {
            *counts.entry(pixel).or_default() += 1;
        }
        let commonest = counts.values().copied().max().unwrap_or(0);
        Ok(Self {
            width: info.width,
            height: info.height,
            colours: counts.len(),
            #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
            commonest: commonest as f64 / f64::from(info.width * info.height),
        })
    }

    /// Whether it can be a desktop: GNOME's background is a drawing of many colours, and text lies on the top bar.
    pub fn is_blank(&self) -> bool {
        self.colours < 64 || self.commonest > 0.98
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pixel: impl Fn(u32) -> [u8; 3]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 64, 64);
        encoder.set_color(png::ColorType::Rgb);
        let pixels: Vec<u8> = (0..64 * 64).flat_map(pixel).collect();
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        bytes
    }

    #[test]
    fn one_colour_is_blank_and_many_are_not() {
        assert!(Picture::read(&picture(|_| [1, 2, 3])).unwrap().is_blank());
        assert!(
            !Picture::read(&picture(|place| [(place % 251) as u8, (place / 64) as u8, 0]))
                .unwrap()
                .is_blank()
        );
        assert!(Picture::read(b"no picture").is_err());
    }
}
