import { ParapetError } from '@parapet/core'
import { apacheSlot } from './log-format-apache.js'
import { nginxSlot } from './log-format-nginx.js'
import { type Slot, stores } from './log-format-slots.js'

/** How a server keeps a client's text apart from the format: `none` does not. Source: nginx, `log_format`. */
export type Escape = 'default' | 'json' | 'none'

/** A format as read: literals and slots in turn, `literals` one more than `slots`. */
export type Template = {
  readonly server: 'nginx' | 'apache'
  readonly escape: Escape
  readonly slots: readonly Slot[]
  readonly literals: readonly string[]
}

/** The most of a format that is read, in characters and in variables. */
const LIMIT = { text: 16_384, slots: 128 }

/** A refusal of a format, with the reason. */
export const refuse = (reason: string): ParapetError => new ParapetError('PPT_LOG_FORMAT_INVALID', reason)

const NGINX_ESCAPES: Readonly<Record<string, string>> = { '"': '"', "'": "'", '\\': '\\', t: '\t', r: '\r', n: '\n' }

/** Reads `log_format NAME [escape=...] 'piece' "piece" ...;` as nginx reads its configuration. */
const readNginxDirective = (text: string): { escape: Escape; template: string } => {
  const words: string[] = []
  let at = 0
  while (at < text.length && text[at] !== ';') {
    const c = text.charAt(at)
    if (c <= ' ') at++
    else if (c === '#') {
      const end = text.indexOf('\n', at)
      at = end < 0 ? text.length : end
    } else if (c === '"' || c === "'") {
      let word = ''
      for (at++; at < text.length && text[at] !== c; at++) {
        const escaped = text[at] === '\\' ? NGINX_ESCAPES[text.charAt(at + 1)] : undefined
        word += escaped ?? text.charAt(at)
        if (escaped !== undefined) at++
      }
      if (at >= text.length) throw refuse('a quote of log_format is never closed')
      words.push(word)
      at++
    } else {
      const from = at
      while (at < text.length && text.charAt(at) > ' ' && text[at] !== ';') at++
      words.push(text.slice(from, at))
    }
  }
  const [, , third = '', ...rest] = words
  const escape = third.startsWith('escape=') ? third.slice(7) : 'default'
  if (escape !== 'default' && escape !== 'json' && escape !== 'none') throw refuse('escape of log_format takes default, json or none')
  return { escape, template: (third.startsWith('escape=') ? rest : [third, ...rest]).join('') }
}

/** Reads `LogFormat "..." nickname` as Apache reads its configuration. */
const readApacheDirective = (text: string): string => {
  const open = text.search(/["']/)
  if (open < 0) throw refuse('LogFormat needs its format in quotes')
  const quote = text.charAt(open)
  let template = ''
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === quote) return template
    if (text[at] === '\\' && (text[at + 1] === quote || text[at + 1] === '\\')) at++
    template += text.charAt(at)
  }
  throw refuse('the quote of LogFormat is never closed')
}

const isNameCharacter = (c: number): boolean => (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95

type Pieces = { slots: Slot[]; literals: string[] }

const addSlot = ({ slots, literals }: Pieces, slot: Slot): void => {
  if (slots.push(slot) > LIMIT.slots) throw refuse(`a format has at most ${LIMIT.slots} variables`)
  literals.push('')
}

const addText = ({ literals }: Pieces, text: string): void => {
  literals[literals.length - 1] += text
}

const readNginx = (template: string): Pieces => {
  const pieces: Pieces = { slots: [], literals: [''] }
  for (let at = 0; at < template.length;) {
    if (template[at] !== '$') {
      addText(pieces, template.charAt(at++))
      continue
    }
    const braced = template[at + 1] === '{'
    const from = at + (braced ? 2 : 1)
    let to = from
    while (to < template.length && isNameCharacter(template.charCodeAt(to))) to++
    if (to === from || (braced && template[to] !== '}')) throw refuse(`a $ without a name at character ${at + 1}`)
    addSlot(pieces, nginxSlot(template.slice(from, to)))
    at = braced ? to + 1 : to
  }
  return pieces
}

const readApache = (template: string): Pieces => {
  const pieces: Pieces = { slots: [], literals: [''] }
  for (let at = 0; at < template.length;) {
    if (template[at] !== '%') {
      const tab = template.startsWith('\\t', at)
      addText(pieces, tab ? '\t' : template.charAt(at))
      at += tab ? 2 : 1
      continue
    }
    const start = at++
    if (template[at] === '%') {
      addText(pieces, '%')
      at++
      continue
    }
    // `>s`, `<s`, `!400,501{...}i`: which request and which answers are meant
    while (at < template.length && '<>!,0123456789'.includes(template.charAt(at))) at++
    let argument: string | undefined
    if (template[at] === '{') {
      const close = template.indexOf('}', at)
      if (close < 0) throw refuse(`a { that is never closed at character ${at + 1}`)
      argument = template.slice(at + 1, close)
      at = close + 1
    }
    const letter = template.charAt(at++)
    const slot = apacheSlot(letter, argument)
    if (typeof slot === 'string') throw refuse(`${slot} (character ${start + 1})`)
    addSlot(pieces, slot)
  }
  return pieces
}

/** Variables that stand together without anything between and are one thing. */
const JOINED: readonly { readonly names: readonly string[]; readonly slot: Slot }[] = [
  { names: ['%U', '%q'], slot: { name: '%U%q', shape: 'text', store: stores.target, gives: 'request' } },
  { names: ['$uri', '$is_args', '$args'], slot: { name: '$uri$is_args$args', shape: 'text', store: stores.target, gives: 'request' } },
  ...['$host', '$http_host'].map((host) => ({
    names: [host, '$request_uri'],
    slot: {
      name: `${host}$request_uri`,
      shape: 'text' as const,
      gives: 'request' as const,
      store: (...[draft, line, from, to, cut]: Parameters<typeof stores.target>): boolean => {
        const slash = line.indexOf('/', from)
        const path = slash < 0 || slash > to ? to : slash
        stores.domain(draft, line, from, path, cut)
        return stores.target(draft, line, path, to, cut)
      },
    },
  })),
]

const joinTogether = ({ slots, literals }: Pieces): Pieces => {
  const joined: Pieces = { slots: [], literals: [literals[0] ?? ''] }
  for (let i = 0; i < slots.length;) {
    const found = JOINED.find(({ names }) =>
      names.every((name, k) => slots[i + k]?.name === name && (k === names.length - 1 || literals[i + k + 1] === '')),
    )
    const taken = found?.names.length ?? 1
    joined.slots.push(found?.slot ?? (slots[i] as Slot))
    i += taken
    joined.literals.push(literals[i] ?? '')
  }
  return joined
}

/** Which of several variables tells the request, the address or the time: the first of these that stands in the format, then the first of all. */
const RANK = ['$request', '%r', '$request_uri', '$host$request_uri', '$http_host$request_uri', '$uri$is_args$args', '%U%q', '%a']

/** What only one variable may give is a label in the others: a cleaned path must not hide what was really asked for. */
const oneOfEach = (slots: readonly Slot[]): Slot[] => {
  const rank = ({ name }: Slot): number => (RANK.includes(name) ? RANK.indexOf(name) : RANK.length)
  return slots.map((slot) => {
    const rivals = slots.filter(({ gives }) => gives !== undefined && gives === slot.gives)
    const best = rivals.toSorted((a, b) => rank(a) - rank(b))[0]
    if (best === undefined || best === slot) return slot
    const { name, shape } = slot
    return { name, shape, label: `labels.${name.replaceAll(/[^a-z0-9_]/gi, '')}` }
  })
}

/**
 * Reads a format: `log_format ...;` or `LogFormat "..."` as they stand in a configuration, or the bare template. Throws
 * `PPT_LOG_FORMAT_INVALID` with the reason.
 */
export const readTemplate = (text: string): Template => {
  const trimmed = text.trim()
  if (trimmed.length > LIMIT.text) throw refuse(`a format is at most ${LIMIT.text} characters long`)
  const directive = /^(log_format|logformat|customlog)\s/i.exec(trimmed)?.[1]?.toLowerCase()
  const nginx = directive === 'log_format' || (directive === undefined && /\$\{?[a-z]/i.test(trimmed))
  const { escape, template } =
    directive === 'log_format'
      ? readNginxDirective(trimmed)
      : { escape: 'default' as const, template: directive === undefined ? trimmed : readApacheDirective(trimmed) }
  if (!nginx && !template.includes('%')) throw refuse('it names no variable: neither $remote_addr nor %h stands in it')
  const { slots, literals } = joinTogether(nginx ? readNginx(template) : readApache(template))
  return { server: nginx ? 'nginx' : 'apache', escape, slots: oneOfEach(slots), literals }
}
