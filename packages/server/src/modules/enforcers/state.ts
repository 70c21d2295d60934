import { type Decision, type DecisionConfirmation, type EnforcerReport, type EnforcerView, SECOND } from '@parapet/core'

/** Three reports that did not come: nobody knows any more what it holds. ms */
export const SILENT_MS: number = 45 * SECOND
/** How old a change may be that an enforcer has not taken up when it reports, ms. */
export const BEHIND_MS: number = 10 * SECOND

/** What the state of an enforcer is judged by. Times in ms UTC. */
export type Standing = {
  readonly report: EnforcerReport
  readonly firstAt: number
  readonly receivedAt: number
  /** when the first change was made that it has not taken up; null when it has all */
  readonly missingAt: number | null
}

/** How an enforcer stands: what nobody knows comes before what is known, and what it says of itself before what is made of it. */
export const stateOf = ({ report, receivedAt, missingAt }: Standing, now: number): EnforcerView['state'] => {
  if (now - receivedAt > SILENT_MS) return 'silent'
  if (report.trouble !== null) return 'trouble'
  if (report.held !== null && report.held < report.wanted) return 'drift'
  // by the time of its report: what was decided since is not known to be missing
  return missingAt !== null && receivedAt - missingAt > BEHIND_MS ? 'behind' : 'in_step'
}

/** True for one that is silent because another has taken its place: a process that was started anew. */
export const isReplaced = (
  one: Pick<EnforcerView, 'kind' | 'source' | 'receivedAt' | 'state'>,
  others: readonly (Pick<EnforcerView, 'kind' | 'source' | 'state'> & { readonly firstAt: number })[],
): boolean =>
  one.state === 'silent' &&
  others.some(
    (other) =>
      other.state !== 'silent' &&
      other.kind === one.kind &&
      other.source.id === one.source.id &&
      other.firstAt > one.receivedAt - SILENT_MS,
  )

/** What is the matter with one, as a sentence for people; empty when nothing is. */
export const troubleOf = (view: EnforcerView, now: number): string => {
  const seconds = Math.max(1, Math.round((now - view.receivedAt) / SECOND))
  if (view.state === 'silent')
    return `It has said nothing for ${seconds} seconds. What it held stays in force until it ends by itself, where the host still runs.`
  if (view.state === 'trouble') return view.trouble ?? ''
  if (view.state === 'drift') return `It holds ${view.held ?? 0} of ${view.wanted} decisions, although it repairs what it finds missing.`
  if (view.state === 'behind') return `It is ${view.behind} ${view.behind === 1 ? 'change' : 'changes'} behind.`
  return ''
}

const ADDRESS_ONLY: ReadonlySet<string> = new Set(['nftables', 'nginx', 'feed'])

/** Why an enforcer of a kind cannot carry a decision out whatever it is told; undefined when it can. */
const incapable = (view: EnforcerView, decision: Decision): string | undefined => {
  if (view.cannot.includes(decision.action)) return `It cannot do ${decision.action}.`
  if (ADDRESS_ONLY.has(view.kind) && decision.target.kind !== 'ip' && decision.target.kind !== 'cidr' && decision.target.kind !== 'all')
    return 'It knows addresses only.'
  if (view.kind === 'nftables' && (decision.action !== 'deny' || decision.scope !== 'all'))
    return 'It only drops addresses that are denied everywhere.'
  return undefined
}

/** Where one decision stands at one enforcer; undefined where it is not meant to be carried out at all. */
export const confirmationOf = (view: EnforcerView, decision: Decision): DecisionConfirmation | undefined => {
  if (decision.enforcers !== undefined && !decision.enforcers.includes(view.kind)) return undefined
  const answer = (state: DecisionConfirmation['state'], detail: string): DecisionConfirmation => ({
    enforcer: { kind: view.kind, instance: view.instance, source: view.source },
    state,
    detail,
  })
  const cannot = incapable(view, decision)
  if (cannot !== undefined) return answer('not_able', cannot)
  if (decision.mode === 'observe') return answer('observed', 'The decision is only recorded.')
  if (view.state === 'silent') return answer('silent', 'It has not reported lately: nobody knows.')
  const refused = view.refused.find(({ id }) => id === decision.id)
  if (refused !== undefined) return answer('refused', refused.reason)
  if (view.revision < decision.revision) return answer('waiting', 'It has not reported since the decision was made.')
  if (view.mode === 'observe') return answer('observed', 'It only says what it would do.')
  const gone = decision.lifted !== undefined
  return answer('in_force', gone ? 'It knows that the decision was taken back.' : 'It reports that it carries it out.')
}
