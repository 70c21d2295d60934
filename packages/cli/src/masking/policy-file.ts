import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isRecord, nearest, ParapetError } from '@parapet/core'
import { MASK_ACTIONS, type MaskAction, type MaskRule, type RoleView } from '@parapet/privacy'
import { readMaskRules } from './rule-places.js'

/** One action, with how many trailing characters stay where it is `mask`. */
type Choice = RoleView[string]

/** A policy as a file states it. */
export type PolicyFile = {
  readonly on: readonly string[]
  readonly off: readonly string[]
  readonly allow: readonly string[]
  readonly actions: Readonly<Record<string, Exclude<Choice, 'show'>>>
  readonly roles: Readonly<Record<string, RoleView>>
  /** rules of the directory that the file names */
  readonly rules: readonly MaskRule[]
  readonly builtIn: boolean
  /** `env:NAME` or `file:/path` */
  readonly pseudonymKey?: string
}

const KEYS = ['on', 'off', 'allow', 'actions', 'roles', 'rules', 'built-in', 'pseudonym-key']
const CHOICE_KEYS = ['action', 'keep-last']
const ACTIONS: readonly MaskAction[] = MASK_ACTIONS.filter((action) => action !== 'tokenize')
const MAX_FILE = 1_048_576

type Fields = Readonly<Record<string, unknown>>
type Where = { readonly file: string; readonly at: string }

const named = ({ file, at }: Where): string => (at === '' ? file : `${file}: ${at}`)
const wrong = (where: Where, takes: string): ParapetError => new ParapetError('PPT_CONFIG_INVALID', `${named(where)} ${takes}`)
const inside = ({ file, at }: Where, key: string): Where => ({ file, at: at === '' ? key : `${at}.${key}` })

const readRecord = (value: unknown, where: Where): Fields => {
  if (value === undefined || value === null) return {}
  if (!isRecord(value)) throw wrong(where, 'takes key: value')
  return value
}

const noUnknown = (fields: Fields, known: readonly string[], where: Where): void => {
  for (const key of Object.keys(fields)) {
    if (known.includes(key)) continue
    throw new ParapetError(
      'PPT_CONFIG_UNKNOWN_KEY',
      `${named(inside(where, key.slice(0, 80)))}; did you mean ${nearest(key, known) ?? '?'}?`,
    )
  }
}

const readTexts = (value: unknown, where: Where): readonly string[] => {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string' && item !== '')) throw wrong(where, 'takes a list of words')
  return value as readonly string[]
}

const readChoice = (value: unknown, where: Where, mayShow: boolean): Choice => {
  const known: readonly string[] = mayShow ? [...ACTIONS, 'show'] : ACTIONS
  const name = isRecord(value) ? value['action'] : value
  if (name === 'tokenize') throw wrong(where, 'takes no tokenize: tokens are kept by an application; pseudonymize needs only a key')
  if (typeof name !== 'string' || !known.includes(name)) throw wrong(where, `takes one of ${known.join(', ')}`)
  if (!isRecord(value)) return name as MaskAction
  noUnknown(value, CHOICE_KEYS, where)
  const keepLast = value['keep-last']
  if (name !== 'mask' || typeof keepLast !== 'number' || !Number.isInteger(keepLast) || keepLast < 0 || keepLast > 8)
    throw wrong(where, 'takes { action: mask, keep-last: 0 to 8 }')
  return { action: 'mask', keepLast }
}

const readChoices = (value: unknown, where: Where, mayShow: boolean): RoleView =>
  Object.fromEntries(
    Object.entries(readRecord(value, where)).map(([name, choice]) => [name, readChoice(choice, inside(where, name), mayShow)]),
  )

const parseFile = async (path: string): Promise<Fields> => {
  const { parseDocument } = await import('yaml')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown'
    throw new ParapetError('PPT_FILE_UNREADABLE', `${path} (${code})`, { cause })
  }
  if (text.length > MAX_FILE) throw new ParapetError('PPT_CONFIG_INVALID', `${path} is larger than 1 MiB`)
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true })
  const [problem] = document.errors
  if (problem !== undefined)
    throw new ParapetError('PPT_CONFIG_INVALID', `${path} line ${problem.linePos?.[0].line ?? '?'} is not YAML`, { cause: problem })
  try {
    return readRecord(document.toJS({ maxAliasCount: 0 }), { file: path, at: '' })
  } catch (cause) {
    if (cause instanceof ParapetError) throw cause
    throw new ParapetError('PPT_CONFIG_INVALID', `${path}: write every value out; aliases are not read`, { cause })
  }
}

/**
 * Reads a masking policy (YAML). Throws `PPT_CONFIG_UNKNOWN_KEY` with the nearest known key, `PPT_CONFIG_INVALID`, `PPT_FILE_UNREADABLE`,
 * and `PPT_MASK_RULE` for the rules of its directory. Names of rules are checked with {@link checkNames}, once all rules are known.
 */
export const readPolicyFile = async (path: string): Promise<PolicyFile> => {
  const top: Where = { file: path, at: '' }
  const fields = await parseFile(path)
  noUnknown(fields, KEYS, top)
  const roles = Object.entries(readRecord(fields['roles'], inside(top, 'roles'))).map(
    ([role, view]) => [role, readChoices(view, inside(inside(top, 'roles'), role), true)] as const,
  )
  const { rules: directory, 'built-in': builtIn = true, 'pseudonym-key': pseudonymKey } = fields
  if (directory !== undefined && typeof directory !== 'string')
    throw wrong(inside(top, 'rules'), 'takes a directory, seen from the policy file')
  if (typeof builtIn !== 'boolean') throw wrong(inside(top, 'built-in'), 'takes true or false')
  if (pseudonymKey !== undefined && typeof pseudonymKey !== 'string')
    throw wrong(inside(top, 'pseudonym-key'), 'takes env:NAME or file:/path')
  return {
    on: readTexts(fields['on'], inside(top, 'on')),
    off: readTexts(fields['off'], inside(top, 'off')),
    allow: readTexts(fields['allow'], inside(top, 'allow')),
    actions: readChoices(fields['actions'], inside(top, 'actions'), false) as PolicyFile['actions'],
    roles: Object.fromEntries(roles),
    rules: directory === undefined ? [] : (await readMaskRules(resolve(dirname(path), directory))).flatMap(({ rules }) => rules),
    builtIn,
    ...(pseudonymKey === undefined ? {} : { pseudonymKey }),
  }
}

/** Throws `PPT_CONFIG_UNKNOWN_KEY`, with the nearest known name, for a name that is no rule, key group or kind. */
export const checkNames = (names: readonly string[], known: readonly string[], where: string): void => {
  const unknown = names.find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new ParapetError(
    'PPT_CONFIG_UNKNOWN_KEY',
    `${where}: ${unknown.slice(0, 80)} is no rule; did you mean ${nearest(unknown, known) ?? '?'}?`,
  )
}
