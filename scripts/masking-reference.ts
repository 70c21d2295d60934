/** The page of what masking finds, made from the rules. It shows no examples: they look like secrets, and scanners of others would find them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type KeyGroup, readKeyRules } from '../packages/privacy/src/masking/structure/key-groups.js'
import { readRuleFiles } from '../packages/privacy/src/masking/rules/rule-files.js'

type Rule = ReturnType<typeof readRuleFiles>[number]['rules'][number]

const KEYS = join(import.meta.dirname, '../packages/privacy/rules/keys.yml')

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim()

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')

const actionOf = ({ action, keepLast }: Pick<Rule, 'action' | 'keepLast'>): string =>
  action === 'mask' ? `mask, last ${keepLast}` : action

const linkOf = ({ reference }: Rule): string => (reference === undefined ? '–' : `[${new URL(reference).hostname}](${reference})`)

const namesOf = ({ keys, ending, exact }: KeyGroup): string => {
  const parts = [[...keys, ...exact.map((name) => `${name} (alone)`)].join(', ')]
  if (ending.length > 0) parts.push(`anything that ends in ${ending.join(', ')}`)
  return parts.join('; ')
}

/** The page, but for its first line. */
export const maskingPage = (): string => {
  const { groups } = readKeyRules(readFileSync(KEYS, 'utf8'), 'rules/keys.yml')
  const rules = readRuleFiles().flatMap((file) => file.rules)
  const of = (kind: Rule['kind']): Rule[] => rules.filter((rule) => rule.kind === kind)
  const [personal, secrets] = [of('personal'), of('secret')]
  const providerOf = (rule: Rule): string => rule.provider ?? 'any'
  const byProvider = secrets.toSorted((a, b) => providerOf(a).localeCompare(providerOf(b), 'en') || a.id.localeCompare(b.id, 'en'))
  const providers = new Set(secrets.map(providerOf))
  const known = secrets.filter(({ confidence }) => confidence === 'high').length
  return `# What masking finds

${personal.length} forms of personal data and ${secrets.length} forms of secrets of ${providers.size - 1} providers are found in running text; ${groups.length} groups of names hide the value under a key, whatever it looks like. One file a thing
below \`packages/privacy/rules\`, each with examples that must match and look-alikes that must not.

**Confidence.** *high* is found wherever it stands: ${known} of the secrets have a form of their own. *medium* is found beside a word that says what it is, such as the provider's name. *low* is off unless a policy names it in \`on\`. \`off\`, \`actions\`, \`view\` and \`on\` take
the ids below, and the kinds \`personal\` and \`secret\`.

**Action.** What is done unless a policy says otherwise. \`redact\` leaves \`[REDACTED:id]\`; \`mask, last 4\` leaves \`****\` and four characters, never more than a third of the value.

## Personal data in text

${table(
  ['finds', 'id', 'action', 'confidence', 'documented at'],
  personal.map((rule) => [rule.title, `\`${rule.id}\``, actionOf(rule), rule.confidence, linkOf(rule)]),
)}

## Names of keys

Spelling does not matter: \`api key\` is \`apiKey\`, \`api_key\`, \`X-Api-Key\` and \`APIKEY\`, also as the end of a longer name (\`openai_api_key\`), in objects at any depth, JSON, query strings, headers and \`name=value\` in text.

${table(
  ['hides', 'id', 'kind', 'action', 'confidence', 'names'],
  groups.map((group) => [group.title, `\`${group.id}\``, group.kind, actionOf(group), group.confidence, namesOf(group)]),
)}

## Secrets in text

${table(
  ['provider', 'finds', 'id', 'action', 'confidence', 'documented at'],
  byProvider.map((rule) => [providerOf(rule), rule.title, `\`${rule.id}\``, actionOf(rule), rule.confidence, linkOf(rule)]),
)}
`
}
