/** The ordinary user of no name that containers run as where the harness itself is root. */
const nobody = 65_532;

/** `uid:gid`: whoever runs the harness, so that the files in the run folder are theirs. */
export function containerUser(): string {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return uid === 0 ? `${nobody}:${nobody}` : `${uid}:${gid}`;
}
