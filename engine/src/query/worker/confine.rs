//! What a worker gives up before it sees a query, as far as the kernel lets it:
//! files but for its own folder (Landlock), and all system calls but those
//! that running a query takes (seccomp).
//!
//! A kernel without these is no reason to stop: the bounds from outside and
//! the missing credentials stay. The answer says what was got.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, PathBeneath, PathFd, RestrictionStatus,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use crate::error::{Error, Result};

/// Makes a socket wait or not: the one request to a device that is let through.
const FIONBIO: u64 = 0x5421;

/// What running a query takes: memory, threads, time, open files, and what was
/// opened before.
const ALLOWED: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    // Which is answered with ENOSYS, so that `clone` is taken.
    libc::SYS_clone3,
    libc::SYS_close,
    libc::SYS_copy_file_range,
    libc::SYS_dup,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_faccessat,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fchmod,
    libc::SYS_fcntl,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_futex,
    libc::SYS_getcpu,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mincore,
    libc::SYS_mkdirat,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_ppoll,
    libc::SYS_prctl,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_sendto,
    libc::SYS_set_robust_list,
    libc::SYS_shutdown,
    libc::SYS_sigaltstack,
    libc::SYS_statx,
    libc::SYS_sysinfo,
    libc::SYS_tgkill,
    libc::SYS_uname,
    libc::SYS_unlinkat,
    libc::SYS_write,
    libc::SYS_writev,
];

/// The same by their older names.
#[cfg(target_arch = "x86_64")]
const ALLOWED_TOO: &[i64] = &[
    libc::SYS_access,
    libc::SYS_arch_prctl,
    libc::SYS_epoll_wait,
    libc::SYS_getdents,
    libc::SYS_lstat,
    libc::SYS_mkdir,
    libc::SYS_open,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rmdir,
    libc::SYS_stat,
    libc::SYS_time,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_TOO: &[i64] = &[];

/// Gives up what a query needs not, on this thread and those that it starts.
/// Answers what the kernel gave, for the log. Errors: a filter of ours that is
/// none.
pub(super) fn confine(spill: &Path) -> Result<Vec<String>> {
    let mut got = Vec::new();
    match own_files(spill) {
        Ok(status) => {
            if status.no_new_privs {
                got.push("no_new_privs".to_owned());
            }
            if let LandlockStatus::Available { effective_abi, .. } = status.landlock
                && status.ruleset != RulesetStatus::NotEnforced
            {
                got.push(format!("Landlock {effective_abi:?}"));
            }
        }
        Err(error) => tracing::warn!(%error, "Landlock does not confine this worker"),
    }
    match own_calls()? {
        true => got.push("seccomp".to_owned()),
        false => tracing::warn!("seccomp does not confine this worker"),
    }
    got.push("limits from outside".to_owned());
    Ok(got)
}

fn own_files(spill: &Path) -> std::result::Result<RestrictionStatus, RulesetError> {
    let use_of_own = AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir;
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::from_all(ABI::V5))?
        .scope(landlock::Scope::from_all(ABI::V6))?
        .create()?;
    match PathFd::new(spill) {
        Ok(folder) => rules.add_rule(PathBeneath::new(folder, use_of_own))?,
        // Then it has none, and what would be put aside fails.
        Err(_) => rules,
    }
    .restrict_self()
}

/// Whether the kernel took the filters.
fn own_calls() -> Result<bool> {
    let Ok(target) = TargetArch::try_from(std::env::consts::ARCH) else {
        return Ok(false);
    };
    let refuse = |number: i32| SeccompAction::Errno(number as u32);
    // What it would do stands in memory, where no filter sees it.
    let unseen = [(libc::SYS_clone3, Vec::new())];
    let unseen = filter(
        unseen.into_iter().collect(),
        SeccompAction::Allow,
        refuse(libc::ENOSYS),
        target,
    )?;
    let mut rules: std::collections::BTreeMap<i64, Vec<SeccompRule>> = ALLOWED
        .iter()
        .chain(ALLOWED_TOO)
        .map(|call| (*call, Vec::new()))
        .collect();
    let threads = libc::CLONE_THREAD as u64;
    // Threads, but no process.
    rules.insert(
        libc::SYS_clone,
        rule(0, SeccompCmpOp::MaskedEq(threads), threads)?,
    );
    // Pairs that lead nowhere else, as runtimes have them for signals.
    let pair = SeccompCmpOp::Eq;
    rules.insert(libc::SYS_socketpair, rule(0, pair, libc::AF_UNIX as u64)?);
    rules.insert(libc::SYS_ioctl, rule(1, SeccompCmpOp::Eq, FIONBIO)?);
    // Its limits can be read, not set.
    rules.insert(libc::SYS_prlimit64, rule(2, SeccompCmpOp::Eq, 0)?);
    let allowed = filter(rules, refuse(libc::EPERM), SeccompAction::Allow, target)?;
    let applied =
        seccompiler::apply_filter(&unseen).and_then(|()| seccompiler::apply_filter(&allowed));
    Ok(applied.is_ok())
}

fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<Vec<SeccompRule>> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, operator, value);
    let condition = condition.map_err(Error::internal)?;
    let rule = SeccompRule::new(vec![condition]).map_err(Error::internal)?;
    Ok(vec![rule])
}

fn filter(
    rules: std::collections::BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    matched: SeccompAction,
    target: TargetArch,
) -> Result<BpfProgram> {
    let filter = SeccompFilter::new(rules, otherwise, matched, target).map_err(Error::internal)?;
    BpfProgram::try_from(filter).map_err(Error::internal)
}
