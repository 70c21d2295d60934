import { duration, type Slot, stores } from './log-format-slots.js'

type Known = Omit<Slot, 'name'>

const SLOTS: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['h', { shape: 'word', store: stores.address, gives: 'address' }],
  ['a', { shape: 'word', store: stores.address, gives: 'address' }],
  ['c a', { shape: 'word', label: 'labels.peer_address' }],
  ['l', { shape: 'word' }],
  ['u', { shape: 'text', store: stores.user }],
  ['t', { shape: 28, store: stores.bracketedTime, gives: 'time' }],
  ['sec t', { shape: 'word', store: stores.seconds, gives: 'time' }],
  ['msec t', { shape: 'word', store: stores.milliseconds, gives: 'time' }],
  ['usec t', { shape: 'word', store: stores.microseconds, gives: 'time' }],
  ['%Y-%m-%dT%H:%M:%S%z t', { shape: 24, store: stores.isoTime, gives: 'time' }],
  ['%FT%T%z t', { shape: 24, store: stores.isoTime, gives: 'time' }],
  ['%Y-%m-%d %H:%M:%S %z t', { shape: 25, store: stores.spacedTime, gives: 'time' }],
  ['%d/%b/%Y:%H:%M:%S %z t', { shape: 26, store: stores.localTime, gives: 'time' }],
  ['r', { shape: 'text', store: stores.request, gives: 'request' }],
  ['m', { shape: 'guest', store: stores.method }],
  ['U', { shape: 'text', store: stores.target, gives: 'request' }],
  ['q', { shape: 'guest', store: stores.query }],
  ['H', { shape: 'word', store: stores.version }],
  ['s', { shape: 'word', store: stores.status }],
  ['b', { shape: 'word', store: stores.bytes }],
  ['B', { shape: 'word', store: stores.bytes }],
  ['O', { shape: 'word', label: 'labels.bytes_sent' }],
  ['I', { shape: 'word', label: 'labels.bytes_received' }],
  ['S', { shape: 'word', label: 'labels.bytes_transferred' }],
  ['D', { shape: 'word', store: duration(1e3) }],
  ['T', { shape: 'word', store: duration(1e9) }],
  ['us T', { shape: 'word', store: duration(1e3) }],
  ['ms T', { shape: 'word', store: duration(1e6) }],
  ['s T', { shape: 'word', store: duration(1e9) }],
  ['v', { shape: 'word', store: stores.domain }],
  ['V', { shape: 'guest', store: stores.domain }],
  ['remote p', { shape: 'word', store: stores.port }],
  ['referer i', { shape: 'text', store: stores.referrer }],
  ['user-agent i', { shape: 'text', store: stores.agent }],
  ['host i', { shape: 'guest', store: stores.domain }],
])

/** Directives that the server fills by itself, without spaces. */
const OWN: ReadonlyMap<string, string> = new Map(
  Object.entries({
    A: 'server_addr',
    p: 'server_port',
    P: 'pid',
    X: 'connection_status',
    k: 'keepalive_requests',
    L: 'log_id',
    R: 'handler',
  }),
)
const KINDS: ReadonlyMap<string, string> = new Map(
  Object.entries({ i: 'http', o: 'sent_http', C: 'cookie', e: 'env', n: 'note', x: 'ssl' }),
)

/** The slot of `%{ARGUMENT}LETTER`, or why there is none. Source: Apache `mod_log_config`, "Custom Log Formats". */
export const apacheSlot = (letter: string, argument: string | undefined): Slot | string => {
  const name = argument === undefined ? `%${letter}` : `%{${argument}}${letter}`
  // names of headers are the same in any case, formats of time are not
  const key = argument === undefined ? letter : `${letter === 'i' ? argument.toLowerCase() : argument} ${letter}`
  const known = SLOTS.get(key)
  if (known !== undefined) return { name, ...known }
  const own = OWN.get(letter)
  if (own !== undefined) return { name, shape: 'word', label: `labels.${own}` }
  const kind = KINDS.get(letter)
  if (kind !== undefined && argument !== undefined) {
    const words = argument.toLowerCase().replaceAll('-', '_')
    return { name, shape: 'text', label: `labels.${kind}_${words}` }
  }
  if (letter === 'f') return { name, shape: 'text', label: 'labels.file' }
  if (letter === 't') return `${name} is a time in a form that is not known; take %t, %{usec}t or %{%Y-%m-%dT%H:%M:%S%z}t`
  return `${name} is no directive that is known`
}
