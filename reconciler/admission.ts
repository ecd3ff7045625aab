import { GitvirtError } from './lib/errors.ts'
import type { Revision, Source } from './source/types.ts'
import { checkCommits, checkTag, type RawCommit, type TrustOptions } from './trust/trust.ts'
import type { Signer } from './trust/verify-signature.ts'

/** Decides which revisions may come into force. */
export type Admission = {
  /**
   * Resolves where the revision may be applied, with who signed it; a revision is judged once.
   * @throws GitvirtError `UntrustedCommit`, `UntrustedTag`, `HistoryRewritten`, and what reading commits and keys throws
   */
  admit(revision: Revision): Promise<Signer | undefined>
  /** Lets one commit in that does not descend from the one in force; its signature still counts. */
  allow(commit: string): void
}

export type AdmissionPorts = {
  readonly source: Pick<Source, 'commits' | 'isAncestor'>
  readonly trust: TrustOptions
  readonly settings: { get(name: string): string | undefined; put(name: string, value: string): void }
}

const acceptedSetting = 'trust.accepted'
const allowedSetting = 'trust.allowed'

export function createAdmission(ports: AdmissionPorts): Admission {
  let last: { readonly judged: string; readonly signer: Signer | undefined } | undefined
  return {
    admit: async (revision) => {
      const { commit, tag } = revision
      if (ports.trust.mode === 'none') return undefined
      // A tag may be made anew for the same commit.
      const judged = `${commit} ${tag?.id ?? ''}`
      if (last?.judged === judged) return last.signer
      const accepted = ports.settings.get(acceptedSetting)
      await refuseReplay(ports, commit, accepted)
      const signer = await signerOf(ports, revision, accepted)
      ports.settings.put(acceptedSetting, commit)
      // A word for one recovery is used up with it.
      ports.settings.put(allowedSetting, '')
      last = { judged, signer }
      return signer
    },
    allow: (commit) => ports.settings.put(allowedSetting, passOf(ports.settings.get(acceptedSetting) ?? '', commit)),
  }
}

/** A person's word holds for going from just this commit to just that one. */
function passOf(from: string, to: string): string {
  return `${from} ${to}`
}

/** Of a signed tag its signature counts; it speaks for the commit that it names, and not for those before it. */
async function signerOf(
  ports: AdmissionPorts,
  { commit, tag }: Pick<Revision, 'commit' | 'tag'>,
  accepted: string | undefined,
): Promise<Signer | undefined> {
  const tagger = tag === undefined ? undefined : await checkTag(tag, ports.trust)
  if (tagger !== undefined && ports.trust.mode === 'head') return tagger
  const signer = await checkCommits(await commitsToCheck(ports, commit, accepted), ports.trust)
  return tagger ?? signer
}

async function commitsToCheck(
  { source, trust }: AdmissionPorts,
  commit: string,
  accepted: string | undefined,
): Promise<readonly RawCommit[]> {
  return await source.commits(trust.mode === 'every-commit' ? accepted : undefined, commit)
}

/**
 * A signature says who made a commit, not that it is the newest: an old one pushed again would bring back what was mended since.
 */
async function refuseReplay({ source, settings }: AdmissionPorts, commit: string, accepted: string | undefined): Promise<void> {
  if (accepted === undefined || commit === accepted || settings.get(allowedSetting) === passOf(accepted, commit)) return
  if (await source.isAncestor(accepted, commit)) return
  const older = await source.isAncestor(commit, accepted)
  throw new GitvirtError({
    code: 'HistoryRewritten',
    message: older
      ? `The branch went back to ${commit.slice(0, 12)}, which is older than ${accepted.slice(0, 12)} in force.`
      : `${commit.slice(0, 12)} does not descend from ${accepted.slice(0, 12)} in force: the branch was rewritten.`,
    action: `Push a revert instead, or let it in with "gitvirt approve revision/${commit}"; what is applied stays as it is.`,
  })
}
