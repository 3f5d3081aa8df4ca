//! Complex numbers over either precision. Real arguments stay on the real line where a function has real
//! values there; everything else takes the principal value.

use super::real::Real;

#[derive(Debug, Clone)]
pub(crate) struct Complex<F> {
    pub re: F,
    pub im: F,
}

impl<F: Real> Complex<F> {
    pub(crate) fn real(re: F) -> Self {
        Self { re, im: F::from_f64(0.0) }
    }

    pub(crate) fn number(value: f64) -> Self {
        Self::real(F::from_f64(value))
    }

    pub(crate) fn imaginary() -> Self {
        Self { re: F::from_f64(0.0), im: F::from_f64(1.0) }
    }

    pub(crate) fn is_real(&self) -> bool {
        self.im.is_zero()
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.re.is_zero() && self.im.is_zero()
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        Self { re: self.re.add(&other.re), im: self.im.add(&other.im) }
    }

    pub(crate) fn sub(&self, other: &Self) -> Self {
        Self { re: self.re.sub(&other.re), im: self.im.sub(&other.im) }
    }

    pub(crate) fn neg(&self) -> Self {
        Self { re: self.re.neg(), im: self.im.neg() }
    }

    pub(crate) fn mul(&self, other: &Self) -> Self {
        if self.is_real() && other.is_real() {
            return Self::real(self.re.mul(&other.re));
        }
        Self {
            re: self.re.mul(&other.re).sub(&self.im.mul(&other.im)),
            im: self.re.mul(&other.im).add(&self.im.mul(&other.re)),
        }
    }

    pub(crate) fn div(&self, other: &Self) -> Self {
        if other.is_real() {
            return Self { re: self.re.div(&other.re), im: self.im.div(&other.re) };
        }
        let size = other.re.mul(&other.re).add(&other.im.mul(&other.im));
        let conjugate = Self { re: other.re.clone(), im: other.im.neg() };
        let product = self.mul(&conjugate);
        Self { re: product.re.div(&size), im: product.im.div(&size) }
    }

    pub(crate) fn abs(&self) -> F {
        if self.is_real() {
            return self.re.abs();
        }
        self.re.mul(&self.re).add(&self.im.mul(&self.im)).sqrt()
    }

    /// The angle, in (-π, π].
    fn argument(&self) -> F {
        let half_pi = F::pi().shifted(-1);
        if self.re.is_zero() {
            return if self.im.is_negative() { half_pi.neg() } else { half_pi };
        }
        let angle = self.im.div(&self.re).atan();
        match (self.re.is_negative(), self.im.is_negative()) {
            (false, _) => angle,
            (true, false) => angle.add(&F::pi()),
            (true, true) => angle.sub(&F::pi()),
        }
    }

    pub(crate) fn exp(&self) -> Self {
        let size = self.re.exp();
        if self.is_real() {
            return Self::real(size);
        }
        Self { re: size.mul(&self.im.cos()), im: size.mul(&self.im.sin()) }
    }

    pub(crate) fn ln(&self) -> Self {
        if self.is_real() && !self.re.is_negative() {
            return Self::real(self.re.ln());
        }
        Self { re: self.abs().ln(), im: self.argument() }
    }

    pub(crate) fn pow(&self, exponent: &Self) -> Self {
        if self.is_zero() {
            return if exponent.re.is_negative() { self.div(self) } else { self.clone() };
        }
        exponent.mul(&self.ln()).exp()
    }

    /// The root of a whole index: negative for odd roots of negative numbers, principal otherwise.
    pub(crate) fn root(&self, index: u32) -> Self {
        if self.is_zero() {
            return self.clone();
        }
        if self.is_real() {
            let root = |value: &F| {
                if index == 2 { value.sqrt() } else { value.ln().div(&F::from_f64(f64::from(index))).exp() }
            };
            match (self.re.is_negative(), index % 2, index) {
                (false, ..) => return Self::real(root(&self.re)),
                (true, 1, _) => return Self::real(root(&self.re.neg()).neg()),
                (true, _, 2) => return Self { re: F::from_f64(0.0), im: root(&self.re.neg()) },
                _ => {}
            }
        }
        let exponent = Self::real(F::from_f64(1.0).div(&F::from_f64(f64::from(index))));
        self.pow(&exponent)
    }

    pub(crate) fn square_root(&self) -> Self {
        self.root(2)
    }

    /// Times i.
    fn turned(&self) -> Self {
        Self { re: self.im.neg(), im: self.re.clone() }
    }

    pub(crate) fn sinh(&self) -> Self {
        let half = Self::number(0.5);
        self.exp().sub(&self.neg().exp()).mul(&half)
    }

    pub(crate) fn cosh(&self) -> Self {
        let half = Self::number(0.5);
        self.exp().add(&self.neg().exp()).mul(&half)
    }

    pub(crate) fn sin(&self) -> Self {
        if self.is_real() { Self::real(self.re.sin()) } else { self.turned().sinh().turned().neg() }
    }

    pub(crate) fn cos(&self) -> Self {
        if self.is_real() { Self::real(self.re.cos()) } else { self.turned().cosh() }
    }

    pub(crate) fn arcsin(&self) -> Self {
        // The arcsine of z is -i ln(i z + sqrt(1 - z²)).
        let root = Self::number(1.0).sub(&self.mul(self)).square_root();
        if self.is_real() && root.is_real() {
            return if root.is_zero() {
                Self::real(if self.re.is_negative() {
                    F::pi().shifted(-1).neg()
                } else {
                    F::pi().shifted(-1)
                })
            } else {
                Self::real(self.re.div(&root.re).atan())
            };
        }
        self.turned().add(&root).ln().turned().neg()
    }

    pub(crate) fn arccos(&self) -> Self {
        Self::real(F::pi().shifted(-1)).sub(&self.arcsin())
    }

    pub(crate) fn arctan(&self) -> Self {
        if self.is_real() {
            return Self::real(self.re.atan());
        }
        // The arctangent of z is i/2 (ln(1 - i z) - ln(1 + i z)).
        let (one, turned) = (Self::number(1.0), self.turned());
        one.sub(&turned).ln().sub(&one.add(&turned).ln()).turned().mul(&Self::number(0.5))
    }

    pub(crate) fn inverse(&self) -> Self {
        Self::number(1.0).div(self)
    }
}
