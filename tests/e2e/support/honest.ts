import { Agent, request } from 'node:http'
import type { Resident } from './guessed-studio.js'

/** How somebody uses the studio: stays signed in, signs in anew in a browser that is known, or in a new one each time. */
export type Habit = 'stays' | 'known browser' | 'new browser'
/** What happened to honest people, times in ms. */
export type HonestFigures = {
  readonly pages: number[]
  readonly signIns: number[]
  signInsTried: number
  signInsRefused: number
  typos: number
  /** answers that no honest person should see, by what was asked */
  readonly trouble: string[]
}
/** Somebody at an own address, with an own browser. */
export type Honest = {
  readonly resident: Resident
  readonly habit: Habit
  readonly live: (figures: HonestFigures, goesOn: () => boolean) => Promise<void>
}

type Answer = { readonly status: number; readonly location: string; readonly ms: number }
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export const emptyFigures = (): HonestFigures => ({ pages: [], signIns: [], signInsTried: 0, signInsRefused: 0, typos: 0, trouble: [] })

/** `number` makes addresses and rhythm; nothing is left to chance. */
export const createHonest = (origin: string, resident: Resident, habit: Habit, number: number): Honest => {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 })
  let browser = 0
  let jar = new Map<string, string>()
  const address = (): string =>
    habit === 'new browser' ? `2001:db8:aaaa:${(number * 256 + browser).toString(16)}::7` : `192.0.2.${number + 1}`

  const ask = (path: string, form?: Readonly<Record<string, string>>): Promise<Answer> =>
    new Promise((resolve) => {
      const began = performance.now()
      const body = form === undefined ? undefined : new URLSearchParams({ ...form }).toString()
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const made = request(
        `${origin}${path}`,
        {
          agent,
          method: body === undefined ? 'GET' : 'POST',
          timeout: 30_000,
          headers: {
            accept: 'text/html,application/xhtml+xml',
            'accept-language': 'en',
            'user-agent': AGENT,
            'x-forwarded-for': address(),
            'sec-fetch-site': 'same-origin',
            'sec-fetch-mode': 'navigate',
            ...(cookie === '' ? {} : { cookie }),
            ...(body === undefined ? {} : { origin, 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }),
          },
        },
        (answer) => {
          answer.resume()
          for (const line of answer.headers['set-cookie'] ?? []) {
            const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? []
            if (value === '' || /;\s*max-age=0/i.test(line)) jar.delete(name)
            else jar.set(name, value)
          }
          const end = { status: answer.statusCode ?? 0, location: answer.headers.location ?? '' }
          answer.on('end', () => resolve({ ...end, ms: performance.now() - began }))
        },
      )
      made.on('timeout', () => made.destroy())
      made.on('error', () => resolve({ status: 0, location: '', ms: performance.now() - began }))
      made.end(body)
    })

  const view = async (figures: HonestFigures, path: string): Promise<void> => {
    const { status, ms } = await ask(path)
    figures.pages.push(ms)
    if (status !== 200) figures.trouble.push(`${resident.email} (${habit}) ${path}: ${status}`)
  }

  const signIn = async (figures: HonestFigures, mistypes: boolean): Promise<void> => {
    if (mistypes) {
      figures.typos++
      const { status } = await ask('/sign-in', { email: resident.email, password: `${resident.password}x`, next: '' })
      if (status !== 401) figures.trouble.push(`${resident.email} (${habit}) mistyped: ${status}`)
    }
    figures.signInsTried++
    const { status, ms } = await ask('/sign-in', { email: resident.email, password: resident.password, next: '' })
    figures.signIns.push(ms)
    if (status === 303) return
    figures.signInsRefused++
    figures.trouble.push(`${resident.email} (${habit}) sign-in: ${status}`)
  }

  return {
    resident,
    habit,
    live: async (figures, goesOn) => {
      for (let round = 0; goesOn(); round++) {
        if (habit === 'new browser') {
          jar = new Map()
          browser++
        } else if (habit === 'known browser' && round > 0) {
          const { status } = await ask('/sign-out', {})
          if (status !== 303) figures.trouble.push(`${resident.email} sign-out: ${status}`)
        }
        const hasSession = [...jar.keys()].some((name) => name.endsWith('session'))
        // one in three sign-ins has a typing error before it
        if (!hasSession) await signIn(figures, (number + round) % 3 === 0)
        for (const path of ['/', '/documents', '/api/me', '/account']) {
          await view(figures, path)
          await pause(150 + 20 * (number % 10))
        }
        await pause(400)
      }
    },
  }
}
