import type { HostLook } from '@parapet/agent'
import { type Alert, atLeast, type Level, LEVELS, type TriageGroup } from '@parapet/core'
import type { ActivityReport } from '@parapet/detect'
import { formatTime, plural } from '../../output/format.js'

/** How a step stands: somebody has to look, nothing stands out, or it is not known. A step that could not look never counts as quiet. */
export type StepState = 'attention' | 'quiet' | 'unknown'

/** One of the five first steps. Texts are without markup, and not yet safe for a terminal. */
export type TriageStep = {
  readonly id: 'access' | 'authentication' | 'activity' | 'integrity' | 'control_plane'
  readonly title: string
  readonly state: StepState
  readonly summary: string
  readonly findings: readonly string[]
  /** what to do about it */
  readonly next: readonly string[]
}

/** What was looked at; `undefined` for what could not be, with the reason beside it. */
export type TriageFacts = {
  readonly host: HostLook | undefined
  readonly activity: ActivityReport | undefined
  readonly activityErrors: readonly string[]
  readonly groups: readonly TriageGroup[] | undefined
  readonly controlPlaneError: string | undefined
}

const MOST = 8
const several = (list: readonly string[]): string[] =>
  list.length <= MOST ? [...list] : [...list.slice(0, MOST), `and ${list.length - MOST} more`]
const stateOf = (known: boolean, findings: readonly string[]): StepState =>
  findings.length > 0 ? 'attention' : known ? 'quiet' : 'unknown'

/** True when the logs could tell: they were all read, and held something. */
const areLogsKnown = ({ activity, activityErrors }: TriageFacts): boolean =>
  activity !== undefined && activityErrors.length === 0 && activity.events > 0

const access = (facts: TriageFacts): TriageStep => {
  const { host, activity } = facts
  const guessed = (activity?.people ?? []).filter(({ oddity, signIns }) => oddity >= 40 && signIns > 0)
  const findings = [
    ...(host?.admins ?? []).map((name) => `account ${name} has the rights of root`),
    ...guessed.map(({ name, why }) => `${name}: ${why[0]?.why ?? ''}`),
  ]
  const keys = host?.keys ?? []
  return {
    id: 'access',
    title: 'Unauthorized access',
    state: stateOf(host !== undefined && host.unread.length === 0 && areLogsKnown(facts), findings),
    summary:
      host === undefined
        ? 'this host was not looked at'
        : `${plural(host.admins.length, 'account')} beside root with its rights, ${plural(keys.length, 'ssh key')}, ${plural(host.listeners.length, 'listener')} that others reach`,
    findings: [...several(findings), ...several((host?.unread ?? []).map((path) => `not read: ${path}`))],
    next: findings.length === 0 ? [] : ['end their sessions and take their keys away before anything else; keep the logs'],
  }
}

const authentication = (facts: TriageFacts): TriageStep => {
  const { activity, activityErrors } = facts
  const odd = (activity?.addresses ?? []).filter(({ oddity }) => oddity >= 40)
  const findings = odd.map(({ address, why }) => `${address}: ${why.map((each) => each.why).join(', ')}`)
  return {
    id: 'authentication',
    title: 'Recent authentication',
    state: stateOf(areLogsKnown(facts), findings),
    summary:
      activity === undefined || activity.events === 0
        ? 'no event was read'
        : `${plural(activity.signIns, 'sign-in')}, ${plural(activity.failures, 'failed sign-in')}`,
    findings: several([...findings, ...activityErrors.map((error) => `not read: ${error}`)]),
    next: findings.length === 0 ? [] : ['parapet activity shows who they tried; parapet block ADDRESS keeps them out'],
  }
}

const byLevel = (a: Alert, b: Alert): number => LEVELS.indexOf(b.rule.level) - LEVELS.indexOf(a.rule.level) || b.count - a.count

const suspicious = (facts: TriageFacts): TriageStep => {
  const { activity } = facts
  const alerts = (activity?.alerts ?? []).filter(({ rule }) => atLeast(rule.level, 'medium')).toSorted(byLevel)
  const counts = LEVELS.toReversed().flatMap((level: Level) => {
    const count = alerts.filter(({ rule }) => rule.level === level).length
    return count === 0 ? [] : [`${count} ${level}`]
  })
  return {
    id: 'activity',
    title: 'Suspicious activity',
    state: stateOf(
      areLogsKnown(facts),
      alerts.map(({ why }) => why),
    ),
    summary:
      activity === undefined
        ? 'no log was read'
        : counts.length === 0
          ? 'no rule fired at medium or above'
          : `alerts: ${counts.join(', ')}`,
    findings: several(alerts.map(({ rule, why }) => `${rule.level}: ${rule.title}: ${why}`)),
    next: alerts.length === 0 ? [] : ['parapet detect FILE --explain says why each fired'],
  }
}

const integrity = ({ host }: TriageFacts): TriageStep => {
  const changed = host?.changed ?? []
  const findings = changed.map(({ kind, path, at, owner, mode }) => `${kind}: ${path} changed ${formatTime(at)} (${owner}, ${mode})`)
  return {
    id: 'integrity',
    title: 'System integrity',
    // without a baseline a quiet system and one whose times were set look the same
    state: findings.length > 0 ? 'attention' : 'unknown',
    summary:
      host === undefined
        ? 'this host was not looked at'
        : `${plural(changed.length, 'file')} of cron, units, configuration, keys and setuid programs changed; there is no baseline to compare with`,
    findings: several([...findings, ...(host?.unread ?? []).map((path) => `not read: ${path}`)]),
    next:
      findings.length === 0
        ? ['parapet agent install keeps a baseline from now on']
        : ['ask who changed them; compare with the packages (dpkg --verify, rpm -Va) and a backup'],
  }
}

const controlPlane = ({ groups, controlPlaneError }: TriageFacts): TriageStep => {
  const findings = (groups ?? []).map(({ rule, why, level }) => `${level}: ${rule.title}: ${why}`)
  return {
    id: 'control_plane',
    title: 'Open alerts of the control plane',
    state: stateOf(groups !== undefined, findings),
    summary: groups === undefined ? `not asked: ${controlPlaneError ?? ''}` : `${plural(groups.length, 'open group')} of medium or above`,
    findings: several(findings),
    next:
      groups === undefined ? ['set PARAPET_URL and PARAPET_TOKEN to ask one'] : findings.length === 0 ? [] : ['open Triage in the console'],
  }
}

/** The five steps, judged. Pure. */
export const triageSteps = (facts: TriageFacts): readonly TriageStep[] => [
  access(facts),
  authentication(facts),
  suspicious(facts),
  integrity(facts),
  controlPlane(facts),
]

/** One sentence for all of them. */
export const triageSentence = (steps: readonly TriageStep[]): string => {
  const count = (state: StepState): number => steps.filter((step) => step.state === state).length
  const [attention, unknown] = [count('attention'), count('unknown')]
  const look =
    attention === 0 ? 'Nothing stands out' : `${plural(attention, 'step')} of ${steps.length} ${attention === 1 ? 'needs' : 'need'} you`
  return unknown === 0 ? `${look}.` : `${look}; ${plural(unknown, 'step')} could not tell.`
}
