import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { ParapetError } from '@parapet/core'
import { TABLE } from '@parapet/respond/enforcers'

/** Where nft is, the first that is there. */
export const findNft = (): string | undefined => ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'].find((path) => existsSync(path))

/** The environment that nft gets: nothing of ours. */
export const NFT_ENVIRONMENT: Readonly<Record<string, string>> = { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

/** The text that takes the table away, whether it is there or not. */
export const REMOVE_TABLE: string = `add table ${TABLE}\ndelete table ${TABLE}\n`

/** True when the table is there; false also where nobody may look. */
export const hasTable = (): boolean => {
  const nft = findNft()
  if (nft === undefined) return false
  try {
    return execFileSync(nft, ['list', 'tables'], { env: NFT_ENVIRONMENT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\n')
      .includes(`table ${TABLE}`)
  } catch {
    return false
  }
}

/** Takes the table away at once, without helper, agent or control plane. Needs root. Throws `PPT_HELPER`. */
export const removeTable = (): void => {
  const nft = findNft()
  if (nft === undefined) return
  try {
    execFileSync(nft, ['-f', '-'], { env: NFT_ENVIRONMENT, input: REMOVE_TABLE, stdio: ['pipe', 'ignore', 'pipe'], timeout: 20_000 })
  } catch (error) {
    throw new ParapetError('PPT_HELPER', `nft could not take the table ${TABLE} away; as root: nft delete table ${TABLE}`, { cause: error })
  }
}
