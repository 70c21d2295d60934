import { ParapetError, parseRange } from '@parapet/core'
import { type HostPort, readConfigFile, readSettings, readTree } from './read-settings.js'

/** What is done with decisions at one place of this host: nothing, only said, or done. The control plane cannot change it. */
export type EnforceMode = 'off' | 'observe' | 'enforce'

/** What this host lets decisions do to it. */
export type EnforceConfig = {
  readonly allow: readonly string[]
  readonly operators: readonly string[]
  readonly helper: string
  readonly nftables: { readonly mode: EnforceMode; readonly most: number; readonly lockdown: boolean }
  readonly nginx: {
    readonly mode: EnforceMode
    readonly include: string
    readonly config: string | null
    readonly everySeconds: number
    readonly most: number
    readonly status: HostPort | null
  }
}

/** Checks what the kinds of settings cannot. Throws `PPT_CONFIG_INVALID`. */
export const checkEnforce = ({ allow }: EnforceConfig, file: string): void => {
  for (const [i, text] of allow.entries())
    if (parseRange(text) === undefined)
      throw new ParapetError(
        'PPT_CONFIG_INVALID',
        `enforce.allow[${i}] in ${file} is ${JSON.stringify(text.slice(0, 60))}; it takes an address or a range`,
      )
}

/** Reads this part alone, for the helper: it must not load what it does not need. Throws as `loadConfig` does. */
export const loadEnforce = (file: string): EnforceConfig => {
  const { enforce } = readSettings(readTree(readConfigFile(file), file), file) as { readonly enforce: EnforceConfig }
  checkEnforce(enforce, file)
  return enforce
}
