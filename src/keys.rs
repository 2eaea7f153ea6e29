//! `farreach keys`: a small authority for one site.

use protocol::link::keys::DAYS_DEFAULT;
use protocol::link::{Authority, Role};

use crate::cli::{KeysArgs, KeysCommand, RoleName};
use crate::exit::{Ending, Failure};

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Robot => Self::Robot,
            RoleName::Operator => Self::Operator,
            RoleName::Observer => Self::Observer,
            RoleName::Bedside => Self::Bedside,
        }
    }
}

/// The name in the certificates that `keys new` makes.
const FIRST: &str = "one";

/// Runs `farreach keys`.
#[expect(clippy::print_stdout, reason = "the paths are this command's data")]
pub(crate) fn run(args: &KeysArgs) -> Result<Ending, Failure> {
    match &args.command {
        KeysCommand::New { directory, name } => {
            let authority = Authority::create(name)?;
            authority.save(directory)?;
            println!("{}", directory.join("ca.pem").display());
            for role in Role::ALL {
                let identity = authority.issue(role, FIRST, DAYS_DEFAULT)?;
                identity.save(directory)?;
                println!("{}", directory.join(identity.file_stem()).display());
            }
        }
        KeysCommand::Issue { dir, role, name, days } => {
            let identity = Authority::load(dir)?.issue((*role).into(), name, *days)?;
            identity.save(dir)?;
            println!("{}", dir.join(identity.file_stem()).display());
        }
    }
    Ok(Ending::Ok)
}
