//! A compiled template. Its operators are replaced by Python's, and everything that it writes goes through one function,
//! so that all text is counted: the template engine itself bounds instructions, not what they make.

use std::collections::{BTreeMap, HashSet};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Value,
    machinery::{CodeGenerator, Instruction, Instructions, Vm, WhitespaceConfig, make_string_output, parse},
};

use super::{
    bounds::{MOST_BYTES, too_long},
    environment::{environment, names},
    values::{constant, from_json},
};

const NAME: &str = "chat";

/// Instructions after which a template is given up: long chats take thousands.
const FUEL: u64 = 10_000_000;

/// Names that Jinja2 gives a macro's further arguments, and that would be empty here.
const NOT_THERE: [&str; 2] = ["varargs", "kwargs"];

/// Names that loops and macros set themselves.
const OF_BLOCKS: [&str; 2] = ["loop", "caller"];

/// A template ready to run.
pub(super) struct Program {
    environment: Environment<'static>,
    instructions: Instructions<'static>,
    blocks: BTreeMap<&'static str, Instructions<'static>>,
    /// Names that the template reads and does not set.
    variables: HashSet<String>,
}

impl Program {
    /// Compiles a template. Its source is kept for as long as the process lives, since instructions point into it.
    ///
    /// # Errors
    /// When it is not a valid template.
    pub(super) fn new(source: String) -> Result<Self, Error> {
        let source: &'static str = Box::leak(source.into_boxed_str());
        let mut environment = environment();
        environment.set_fuel(Some(FUEL));
        let mut variables = environment.template_from_named_str(NAME, source)?.undeclared_variables(false);
        if let Some(name) = NOT_THERE.into_iter().find(|&name| variables.contains(name)) {
            let message = format!("{name} is not supported in macros; name the arguments");
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
        let whitespace =
            WhitespaceConfig { keep_trailing_newline: false, lstrip_blocks: true, trim_blocks: true };
        let parsed = parse(source, NAME, Default::default(), whitespace)?;
        let mut generator = CodeGenerator::new(NAME, source);
        generator.compile_stmt(&parsed);
        let (instructions, blocks) = generator.finish();
        variables.extend(read_first(&instructions).map(str::to_owned));
        variables.retain(|name| !OF_BLOCKS.contains(&name.as_str()));
        let blocks = blocks.into_iter().map(|(name, block)| (name, rewritten(&block, source))).collect();
        Ok(Self { instructions: rewritten(&instructions, source), environment, blocks, variables })
    }

    /// Names that the template reads and does not set: what it can be given, and functions.
    pub(super) fn variables(&self) -> &HashSet<String> {
        &self.variables
    }

    /// Whether a name is that of a function which every template can call.
    pub(super) fn is_function(&self, name: &str) -> bool {
        self.environment.globals().any(|(function, _)| function == name)
    }

    /// What the template makes of these variables.
    ///
    /// # Errors
    /// What the template raises, and when it runs for too long or makes too much text.
    pub(super) fn run(&self, variables: &serde_json::Value) -> Result<String, Error> {
        let mut text = String::new();
        let mut output = make_string_output(&mut text);
        let vm = Vm::new(&self.environment);
        vm.eval(&self.instructions, from_json(variables), &self.blocks, &mut output, AutoEscape::None)?;
        if text.len() > MOST_BYTES { Err(too_long()) } else { Ok(text) }
    }
}

/// Names that are read before they are set, as in `{% set x = x or 1 %}`, which counts as set for the template engine.
fn read_first<'a>(instructions: &'a Instructions<'static>) -> impl Iterator<Item = &'static str> + 'a {
    let mut set: HashSet<&str> = HashSet::new();
    let instructions = (0..instructions.len() as u32).filter_map(|index| instructions.get(index));
    instructions.filter_map(move |instruction| match instruction {
        Instruction::StoreLocal(name) => {
            set.insert(*name);
            None
        }
        Instruction::Lookup(name) if !set.contains(name) => Some(*name),
        _ => None,
    })
}

/// The function that takes an operator's place, and how many values it takes.
fn operator(instruction: &Instruction<'_>) -> Option<(&'static str, u16)> {
    Some(match instruction {
        Instruction::Add => (names::ADD, 2),
        Instruction::Sub => (names::SUBTRACT, 2),
        Instruction::Mul => (names::MULTIPLY, 2),
        Instruction::Div => (names::DIVIDE, 2),
        Instruction::IntDiv => (names::DIVIDE_DOWN, 2),
        Instruction::Rem => (names::REMAINDER, 2),
        Instruction::Pow => (names::POWER, 2),
        Instruction::StringConcat => (names::JOIN, 2),
        Instruction::Slice => (names::SLICE, 4),
        Instruction::BuildMap(pairs) => (names::MAP, u16::try_from(2 * pairs).ok()?),
        _ => return None,
    })
}

/// The same instructions with our operators, and with plain text emitted as a value, which takes two instructions: jumps
/// go to where their targets have moved.
fn rewritten(old: &Instructions<'static>, source: &'static str) -> Instructions<'static> {
    let instructions = || (0..old.len() as u32).filter_map(|index| Some((index, old.get(index)?)));
    let mut places: Vec<u32> = Vec::with_capacity(old.len() + 1);
    let mut next = 0;
    for (_, instruction) in instructions() {
        places.push(next);
        next += if matches!(instruction, Instruction::EmitRaw(_)) { 2 } else { 1 };
    }
    places.push(next);
    let moved = |target: u32| places[target as usize];
    let mut new = Instructions::new(NAME, source);
    for (index, instruction) in instructions() {
        let line = old.get_line(index).unwrap_or(0) as u16;
        let replaced = match instruction {
            Instruction::EmitRaw(text) => {
                new.add_with_line(Instruction::LoadConst(Value::from(*text)), line);
                Instruction::Emit
            }
            Instruction::Iterate(target) => Instruction::Iterate(moved(*target)),
            Instruction::Jump(target) => Instruction::Jump(moved(*target)),
            Instruction::JumpIfFalse(target) => Instruction::JumpIfFalse(moved(*target)),
            Instruction::JumpIfFalseOrPop(target) => Instruction::JumpIfFalseOrPop(moved(*target)),
            Instruction::JumpIfTrueOrPop(target) => Instruction::JumpIfTrueOrPop(moved(*target)),
            Instruction::BuildMacro(name, start, flags) => {
                Instruction::BuildMacro(name, moved(*start), *flags)
            }
            Instruction::LoadConst(value) => {
                let written =
                    old.get_span(index).map(|span| span.start_offset as usize..span.end_offset as usize);
                Instruction::LoadConst(constant(value, written.and_then(|range| source.get(range))))
            }
            other => match operator(other) {
                Some((name, values)) => Instruction::CallFunction(name, Some(values)),
                None => other.clone(),
            },
        };
        new.add_with_line(replaced, line);
    }
    new
}
