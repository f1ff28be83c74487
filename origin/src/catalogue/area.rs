//! A circle on the globe as a box of latitudes and longitudes, so that an index can serve it.

/// The radius used for distances, in kilometres (IUGG mean radius).
pub(super) const EARTH_RADIUS_KM: f64 = 6_371.008_8;

/// A box that contains the circle, from `west` to `east`. Where the circle crosses the 180th
/// meridian, `west` is larger than `east`, and the box is the union of both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) south: f64,
    pub(super) north: f64,
    pub(super) west: f64,
    pub(super) east: f64,
}

impl Area {
    /// The box of a circle around a point. Both coordinates are degrees within their ranges;
    /// `radius_km` is positive.
    pub(super) fn around(latitude: f64, longitude: f64, radius_km: f64) -> Area {
        let angle = radius_km / EARTH_RADIUS_KM;
        let (south, north) = (latitude - angle.to_degrees(), latitude + angle.to_degrees());
        let ratio = angle.sin() / latitude.to_radians().cos();
        // A circle around a pole has all longitudes.
        if south <= -90.0 || north >= 90.0 || ratio >= 1.0 {
            return Area {
                south: south.max(-90.0),
                north: north.min(90.0),
                west: -180.0,
                east: 180.0,
            };
        }
        // The tangent meridians of a spherical cap lie further out than angle / cos(latitude).
        let span = ratio.asin().to_degrees();
        let wrap = |degrees: f64| (degrees + 540.0).rem_euclid(360.0) - 180.0;
        Area {
            south,
            north,
            west: wrap(longitude - span),
            east: wrap(longitude + span),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn distance_km(a: (f64, f64), b: (f64, f64)) -> f64 {
        let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
        let (dlat, dlon) = (lat_b - lat_a, (b.1 - a.1).to_radians());
        let h = (dlat / 2.0).sin().powi(2) + lat_a.cos() * lat_b.cos() * (dlon / 2.0).sin().powi(2);
        2.0 * EARTH_RADIUS_KM * h.sqrt().min(1.0).asin()
    }

    fn holds(area: &Area, (latitude, longitude): (f64, f64)) -> bool {
        let across = area.west > area.east;
        let between = longitude >= area.west && longitude <= area.east;
        let outside = longitude >= area.west || longitude <= area.east;
        (area.south..=area.north).contains(&latitude) && if across { outside } else { between }
    }

    #[test]
    fn a_circle_across_the_180th_meridian_has_both_sides() {
        let area = Area::around(-17.7, 179.5, 200.0);
        assert!(area.west > area.east);
        assert!(holds(&area, (-17.7, -179.5)) && holds(&area, (-17.7, 179.9)) && !holds(&area, (-17.7, 0.0)));
    }

    #[test]
    fn a_circle_around_a_pole_has_all_longitudes() {
        let area = Area::around(89.9, 10.0, 100.0);
        assert_eq!((area.west, area.east, area.north), (-180.0, 180.0, 90.0));
    }

    proptest! {
        #[test]
        fn whatever_is_in_the_circle_is_in_the_box(
            lat in -90.0..90.0f64, lon in -180.0..180.0f64, radius in 0.1..1000.0f64,
            other_lat in -90.0..90.0f64, other_lon in -180.0..180.0f64, near in 0.0..1.0f64,
        ) {
            // Points near the centre, so that many cases are inside.
            let other = (
                (lat + (other_lat / 90.0) * near * 10.0).clamp(-90.0, 90.0),
                (lon + (other_lon / 180.0) * near * 20.0 + 540.0).rem_euclid(360.0) - 180.0,
            );
            if distance_km((lat, lon), other) < radius * 0.999_999 {
                prop_assert!(holds(&Area::around(lat, lon, radius), other));
            }
        }
    }
}
