import type { RuleInfo } from '@parapet/detect'
import { DETECTION_POINTS } from './appsensor-points.js'

/** The page of AppSensor's detection points: which rule sees each, or why none does. Throws for a rule that is none, or that does not alert. */
export const appsensorPage = (rules: readonly RuleInfo[]): string => {
  const alerting = new Map(rules.filter(({ alerts, name }) => alerts && name !== undefined).map((rule) => [rule.name ?? '', rule]))
  const rows = DETECTION_POINTS.map(({ id, what, rules: names, because }) => {
    if ((names === undefined) === (because === undefined)) throw new Error(`${id} needs rules, or a reason why it has none`)
    const seen = names?.map((name) => {
      const rule = alerting.get(name)
      if (rule === undefined) throw new Error(`${id} names the rule ${name}, which does not exist or does not alert`)
      return `\`${name}\` (${rule.level})`
    })
    return `| ${id} | ${what} | ${seen?.join(', ') ?? `not seen: ${because}`} |`
  })
  const count = DETECTION_POINTS.filter(({ rules: names }) => names !== undefined).length
  return (
    '# AppSensor detection points\n\nOWASP AppSensor lists what an application can notice of an attack on itself. This is the list, in our words, with the rules that see each ' +
    `point in events of a guard, of an access log or of the application itself: ${count} of ${DETECTION_POINTS.length} are seen. ` +
    'For the rest an application sends an event of its own with the code in `parapet.point`; three of one address within ten minutes are an alert (`detection-points`).\n\n' +
    `| point | what it looks for | rules |\n| --- | --- | --- |\n${rows.join('\n')}\n`
  )
}
