//! An expression as text, in one spelling that can be read again: what an answer was understood as. Works
//! nothing out.

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::Signed;

use super::{
    expr::{CasePiece, Constant, Expr, Function, Relation},
    literal::power_of_ten,
};

/// Places of a decimal that is written out; a longer one is a fraction.
const MOST_PLACES: usize = 9;

/// How tightly the parts of an expression hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    List,
    Relation,
    Sum,
    Product,
    Power,
    Single,
}

/// A rational number: whole, as a decimal that ends soon, or as a fraction.
pub(crate) fn number(value: &BigRational) -> String {
    if value.is_integer() {
        return value.numer().to_string();
    }
    let scale = power_of_ten(MOST_PLACES);
    let scaled = value * BigRational::from_integer(scale.clone());
    if !scaled.is_integer() {
        return format!("{}/{}", value.numer(), value.denom());
    }
    let sign = if value.is_negative() { "-" } else { "" };
    let (whole, part): (BigInt, BigInt) = scaled.to_integer().abs().div_rem(&scale);
    let places = format!("{part:0>MOST_PLACES$}");
    format!("{sign}{whole}.{}", places.trim_end_matches('0'))
}

/// The expression as text. Lists and sets, whose order does not matter, are sorted.
pub(crate) fn text(expr: &Expr) -> String {
    written(expr).0
}

/// The text of an expression, and how tightly it holds together.
fn written(expr: &Expr) -> (String, Strength) {
    use Strength::{List, Power, Product, Relation as Related, Single, Sum};
    match expr {
        Expr::Number(literal) => signed(number(&literal.value)),
        Expr::Based(value, _) => signed(number(value)),
        Expr::Constant(constant) => (constant_name(*constant).to_owned(), Single),
        Expr::Symbol(name) => (name.clone(), Single),
        Expr::Text(words) => (words.trim().to_lowercase(), Single),
        Expr::Sum(terms) => (sum(terms), Sum),
        Expr::Product(factors) => (joined(factors, "*", Power), Product),
        Expr::Quotient(above, below) => {
            (format!("{}/{}", at_least(above, Power), at_least(below, Single)), Product)
        }
        Expr::Power(base, exponent) => (format!("{}^{{{}}}", at_least(base, Single), text(exponent)), Power),
        Expr::Negative(inside) => (format!("-{}", at_least(inside, Product)), Sum),
        Expr::PlusMinus(inside, swapped) => {
            let sign = if *swapped { "\\mp " } else { "\\pm " };
            (format!("{sign}{}", at_least(inside, Product)), Sum)
        }
        Expr::Percent(inside) => (format!("{}%", at_least(inside, Single)), Single),
        Expr::Degrees(inside) => (format!("{}°", at_least(inside, Single)), Single),
        Expr::Quantity(inside, unit) => (format!("{} {unit}", at_least(inside, Product)), Product),
        Expr::Call(function, arguments) => (call(*function, arguments), Single),
        Expr::Apply(name, arguments) => (format!("{name}({})", joined(arguments, ", ", Related)), Single),
        Expr::Series(product, parts, index) => {
            let [body, from, to] = parts.each_ref().map(text);
            let name = if *product { "prod" } else { "sum" };
            (format!("\\{name}_{{{index}={from}}}^{{{to}}}({body})"), Product)
        }
        Expr::Ratio(parts) => (joined(parts, ":", Sum), Related),
        Expr::Tuple(items) => (format!("({})", joined(items, ", ", Related)), Single),
        Expr::List(items) => (sorted(items), List),
        Expr::Set(items) => (format!("\\{{{}\\}}", sorted(items)), Single),
        Expr::Interval(..)
        | Expr::Numbers(_)
        | Expr::Union(_)
        | Expr::Intersection(_)
        | Expr::Difference(..)
        | Expr::Matrix(_)
        | Expr::Chain(..)
        | Expr::Cases(_) => (written_set(expr), if is_closed(expr) { Single } else { Related }),
    }
}

/// Whether signs of its own stand around an expression.
fn is_closed(expr: &Expr) -> bool {
    matches!(expr, Expr::Interval(..) | Expr::Numbers(_) | Expr::Matrix(_) | Expr::Cases(_))
}

/// The text of a set of numbers, a matrix, a statement or a function in pieces.
fn written_set(expr: &Expr) -> String {
    use Strength::{Relation as Related, Single, Sum};
    match expr {
        Expr::Interval(ends, closed) => {
            let [low, high] = ends.each_ref().map(text);
            let (open, close) = (if closed[0] { '[' } else { '(' }, if closed[1] { ']' } else { ')' });
            format!("{open}{low}, {high}{close}")
        }
        Expr::Numbers(letter) => format!("\\mathbb{{{letter}}}"),
        Expr::Union(parts) => joined(parts, " \\cup ", Sum),
        Expr::Intersection(parts) => joined(parts, " \\cap ", Sum),
        Expr::Difference(left, right) => {
            format!("{} \\setminus {}", at_least(left, Single), at_least(right, Single))
        }
        Expr::Matrix(rows) => {
            let rows: Vec<String> = rows.iter().map(|row| joined(row, " & ", Related)).collect();
            format!("\\begin{{pmatrix}}{}\\end{{pmatrix}}", rows.join(" \\\\ "))
        }
        Expr::Chain(first, rest) => {
            let step =
                |(relation, part): &(Relation, Expr)| format!(" {} {}", sign(*relation), at_least(part, Sum));
            at_least(first, Sum) + &rest.iter().map(step).collect::<String>()
        }
        Expr::Cases(cases) => {
            let cases: Vec<String> = cases.iter().map(case).collect();
            format!("\\begin{{cases}}{}\\end{{cases}}", cases.join(" \\\\ "))
        }
        other => unreachable!("{other:?} is written with the values"),
    }
}

fn case(case: &CasePiece) -> String {
    let condition = case.condition.as_ref().map_or_else(|| "\\text{otherwise}".to_owned(), text);
    format!("{} & {condition}", text(&case.value))
}

/// A number with its strength: a sign or a fraction bar loosens it.
fn signed(number: String) -> (String, Strength) {
    let strength = if number.starts_with('-') {
        Strength::Sum
    } else if number.contains('/') {
        Strength::Product
    } else {
        Strength::Single
    };
    (number, strength)
}

/// The text of a part, in brackets where it holds together less tightly than asked.
fn at_least(expr: &Expr, strength: Strength) -> String {
    let (text, own) = written(expr);
    if own < strength { format!("({text})") } else { text }
}

fn joined(parts: &[Expr], between: &str, strength: Strength) -> String {
    parts.iter().map(|part| at_least(part, strength)).collect::<Vec<_>>().join(between)
}

fn sorted(items: &[Expr]) -> String {
    let mut items: Vec<String> = items.iter().map(|item| at_least(item, Strength::Relation)).collect();
    items.sort_by(|left, right| (left.len(), left).cmp(&(right.len(), right)));
    items.dedup();
    items.join(", ")
}

fn sum(terms: &[Expr]) -> String {
    let mut text = String::new();
    for (index, term) in terms.iter().enumerate() {
        let part = match term {
            Expr::Negative(_) | Expr::PlusMinus(..) => written(term).0,
            term => at_least(term, Strength::Product),
        };
        let signed = part.starts_with('-') || matches!(term, Expr::PlusMinus(..));
        text.push_str(if index == 0 || signed { "" } else { "+" });
        text.push_str(&part);
    }
    text
}

fn call(function: Function, arguments: &[Expr]) -> String {
    let all = || joined(arguments, ", ", Strength::Relation);
    match (function, arguments) {
        (Function::Root, [radicand, index]) if *index == Expr::integer(2) => {
            format!("\\sqrt{{{}}}", text(radicand))
        }
        (Function::Root, [radicand, index]) => format!("\\sqrt[{}]{{{}}}", text(index), text(radicand)),
        (Function::Log, [argument, base]) => format!("\\log_{{{}}}({})", text(base), text(argument)),
        (Function::Factorial, [argument]) => format!("{}!", at_least(argument, Strength::Single)),
        (Function::DoubleFactorial, [argument]) => format!("{}!!", at_least(argument, Strength::Single)),
        (Function::Binomial, [above, below]) => format!("\\binom{{{}}}{{{}}}", text(above), text(below)),
        (Function::Abs, [argument]) => format!("|{}|", text(argument)),
        (Function::Floor, [argument]) => format!("\\lfloor {}\\rfloor ", text(argument)),
        (Function::Ceil, [argument]) => format!("\\lceil {}\\rceil ", text(argument)),
        (Function::Mod, [number, modulus]) => {
            format!("{} \\bmod {}", at_least(number, Strength::Single), at_least(modulus, Strength::Single))
        }
        (Function::Conjugate, [argument]) => format!("\\overline{{{}}}", text(argument)),
        (Function::Determinant, _) => format!("\\det {}", all()),
        (Function::Real, _) => format!("\\Re({})", all()),
        (Function::ImaginaryPart, _) => format!("\\Im({})", all()),
        _ => format!("\\{}({})", format!("{function:?}").to_lowercase(), all()),
    }
}

fn constant_name(constant: Constant) -> &'static str {
    match constant {
        Constant::Pi => "\\pi",
        Constant::Euler => "e",
        Constant::Imaginary => "i",
        Constant::Infinity => "\\infty",
    }
}

fn sign(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "=",
        Relation::Approximate => "≈",
        Relation::NotEqual => "≠",
        Relation::Less => "<",
        Relation::LessEqual => "≤",
        Relation::Greater => ">",
        Relation::GreaterEqual => "≥",
        Relation::In => "∈",
    }
}
