/* oxlint-disable no-console -- what runs in the page speaks through its console */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { expect } from 'vitest'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts the Chromium of the machine; each context has a profile of its own. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium', headless: true, args: FLAGS })

/** A page with everything that the browser complained about: policy violations, faults, console errors. */
export type Watched = { readonly page: Page; readonly context: BrowserContext; readonly complaints: string[] }

/** Opens a page that remembers every complaint. Answers with an error status are expected in some tests and not counted. */
export const openPage = async (browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`fault: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    if (/^Failed to load resource: (?:the server responded with a status of|net::ERR_)/.test(message.text())) return
    complaints.push(`${message.type()}: ${message.text()}`)
  })
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
    )
  })
  return { page, context, complaints }
}

/** Signs in through the page, as a person does. */
export const signIn = async (
  page: Page,
  url: string,
  path = '/',
  password = 'correct horse battery staple',
  name = 'ada',
): Promise<void> => {
  await page.goto(url + path)
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#main').waitFor()
}

/** Comes in with a session that is there already: one load of the page instead of three. Signing in has tests of its own. */
export const enter = async (page: Page, url: string, path = '/', name = 'ada'): Promise<void> => {
  const answer = await page.request.post(`${url}/v1/session`, { data: { name, password: 'correct horse battery staple' } })
  if (!answer.ok()) throw new Error(`no session: ${answer.status()}`)
  await page.goto(url + path)
  await page.locator('#main').waitFor()
}

/** Waits until what is read is as the matcher says; a busy machine takes its time. */
// oxlint-disable-next-line vitest/require-awaited-expect-poll -- the caller waits for the matcher
export const eventually = <T>(read: () => T | Promise<T>): ReturnType<typeof expect.poll<T>> => expect.poll(read, { timeout: 15_000 })
