import { readFileSync } from 'node:fs'

/** The version of this package, as its reports and its description of routes name it. */
export const VERSION: string = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version
