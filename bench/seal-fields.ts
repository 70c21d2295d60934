import { count, median, type Bench } from './harness.js'

const ROUNDS = 7
const ROUND_MS = 200
const PER_SECOND = 90_000
/** bare AES-256-GCM of 64 B per CPU-second where the floor was set: a slower machine is measured by the same yardstick */
const BARE_THERE = 217_000
const OF_BARE = 0.41
const OF_SDK = 40

type Series = Readonly<Record<'bare' | 'sealBytes' | 'sealText' | 'open' | 'sdk' | 'sdkUnsigned', readonly number[]>>
type Found = {
  readonly results: Readonly<Record<'64' | '1024', Series>>
  readonly bytes: { readonly ours: number; readonly sdkUnsigned: number }
}

/** The middle one of the ratios of each round: what else the machine did in a round met both. */
const ratio = (a: readonly number[], b: readonly number[]): number => median(a.map((value, i) => value / (b[i] ?? Number.NaN)))

/** Fields sealed with commitment and context, beside bare AES-256-GCM and the AWS Encryption SDK with a raw AES keyring. */
export const sealFields: Bench = {
  name: 'seal-fields',
  run: async ({ worker }) => {
    const { results, bytes } = (await worker('seal-fields', String(ROUNDS), String(ROUND_MS))).report as Found
    const line = (size: '64' | '1024'): string => {
      const { bare, sealBytes, sealText, open, sdk, sdkUnsigned } = results[size]
      const each = (values: readonly number[]): string => count(median(values))
      return (
        `${size} B, per CPU-second: sealed ${each(sealBytes)} (as text ${each(sealText)}), opened ${each(open)}; bare AES-256-GCM ${each(bare)}; ` +
        `AWS Encryption SDK ${each(sdkUnsigned)} with commitment, ${each(sdk)} as it comes (signed)`
      )
    }
    const { bare, sealBytes, sdkUnsigned } = results['64']
    const perSecond = median(sealBytes)
    const scale = BARE_THERE / median(bare)
    const [ofBare, ofSdk] = [ratio(sealBytes, bare), ratio(sealBytes, sdkUnsigned)]
    return {
      text: [line('64'), line('1024'), `a field of 64 B takes ${bytes.ours} B sealed, ${bytes.sdkUnsigned} B from the AWS Encryption SDK`],
      floors: [
        {
          what: `fields of 64 B sealed per CPU-second, where bare AES-256-GCM makes ${count(BARE_THERE)}`,
          measured: `${count(perSecond * scale)} (here ${count(perSecond)})`,
          bound: `at least ${count(PER_SECOND)}`,
          kept: perSecond * scale >= PER_SECOND,
          gate: { bound: `at least ${count(PER_SECOND / 2)}`, kept: perSecond * scale >= PER_SECOND / 2 },
        },
        {
          what: 'of the speed of bare AES-256-GCM',
          measured: `${ofBare.toFixed(2)}x`,
          bound: `at least ${OF_BARE}x`,
          kept: ofBare >= OF_BARE,
          gate: { bound: 'at least 0.3x', kept: ofBare >= 0.3 },
        },
        {
          what: 'of the speed of the AWS Encryption SDK, with commitment and without its signature',
          measured: `${ofSdk.toFixed(0)}x`,
          bound: `at least ${OF_SDK}x`,
          kept: ofSdk >= OF_SDK,
        },
      ],
    }
  },
}
