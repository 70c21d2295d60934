/** What must be found nowhere after it was sent to us: a person's data, and secrets. */
export const PLANTED = {
  email: 'ann.planted@mail.example.org',
  name: 'annegret-planted',
  phone: '+49 30 90182012',
  card: '4111 1111 1111 1111',
  cardDigits: '5555555555554444',
  awsKey: 'AKIAQ3EGRZ7XYTPLN5DW',
  stripeKey: `sk_live_${'51HqLyjWDarjtT1zdp7dcPlant'.slice(0, 24)}`,
  password: 'hunter2-planted-Pa55',
  mistyped: 'Mistyped-planted-Pa55word',
} as const

/** A text such as a careless program logs: everything in one line. */
export const PLANTED_LINE: string = `mail=${PLANTED.email} tel=${PLANTED.phone} card ${PLANTED.card}, key ${PLANTED.awsKey} ${PLANTED.stripeKey} password=${PLANTED.password}`

const formsOf = (value: string): string[] => [
  value,
  value.replaceAll(' ', ''),
  encodeURIComponent(value),
  encodeURIComponent(value).replaceAll('%20', '+'),
  Buffer.from(value).toString('hex'),
]

/** Names of the planted values that a text holds: as they are, without spaces, in any case, and written for a URL. */
export const findPlanted = (text: string): string[] => {
  const searched = text.toLowerCase()
  return Object.entries(PLANTED).flatMap(([name, value]) =>
    formsOf(value).some((form) => searched.includes(form.toLowerCase())) ? [name] : [],
  )
}
