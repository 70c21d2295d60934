import type { ClientOptions } from './types.js'

/** What a program says of itself in each request. */
export type Program = { readonly userAgent: string; readonly languages: string }

/** The programs that the kit can seem to be; they differ in family, system and language, as a thief's differs from the owner's. */
export const PROGRAMS: Readonly<Record<NonNullable<ClientOptions['program']>, Program>> = {
  desktop: {
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    languages: 'en-GB,en;q=0.9',
  },
  phone: {
    userAgent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
    languages: 'fr-FR,fr;q=0.9',
  },
  script: { userAgent: 'python-requests/2.32.4', languages: 'ru-RU' },
}
