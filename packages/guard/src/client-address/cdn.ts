/**
 * A content delivery network whose edges may stand in front of an application. The ranges change: compare them with `source` when
 * you upgrade, or give your own by `ranges`. An edge that is missing here is taken for the client, which shows in the guard's
 * diagnostics as many requests from one address; nobody is believed too much.
 */
export type Cdn = {
  readonly ranges: readonly string[]
  /**
   * The header with the one address of the client, which the edge overwrites, whatever the client sent. `undefined`: it passes a forged
   * one through, so that `X-Forwarded-For`, to which it appends, is read from the right.
   */
  readonly header: 'cf-connecting-ip' | undefined
  /** where the ranges are published, and when these were taken from there */
  readonly source: string
  readonly asOf: string
}

/** A network whose ranges are known here. */
export type CdnName = 'cloudflare' | 'fastly'

/** The networks known. Ranges are facts published by their owners. */
export const CDNS: Readonly<Record<CdnName, Cdn>> = {
  cloudflare: {
    header: 'cf-connecting-ip',
    source: 'https://www.cloudflare.com/ips/',
    asOf: '2025-10-01',
    ranges: [
      '173.245.48.0/20',
      '103.21.244.0/22',
      '103.22.200.0/22',
      '103.31.4.0/22',
      '141.101.64.0/18',
      '108.162.192.0/18',
      '190.93.240.0/20',
      '188.114.96.0/20',
      '197.234.240.0/22',
      '198.41.128.0/17',
      '162.158.0.0/15',
      '104.16.0.0/13',
      '104.24.0.0/14',
      '172.64.0.0/13',
      '131.0.72.0/22',
      '2400:cb00::/32',
      '2606:4700::/32',
      '2803:f800::/32',
      '2405:b500::/32',
      '2405:8100::/32',
      '2a06:98c0::/29',
      '2c0f:f248::/32',
    ],
  },
  fastly: {
    header: undefined,
    source: 'https://api.fastly.com/public-ip-list',
    asOf: '2025-10-01',
    ranges: [
      '23.235.32.0/20',
      '43.249.72.0/22',
      '103.244.50.0/24',
      '103.245.222.0/23',
      '103.245.224.0/24',
      '104.156.80.0/20',
      '140.248.64.0/18',
      '140.248.128.0/17',
      '146.75.0.0/17',
      '151.101.0.0/16',
      '157.52.64.0/18',
      '167.82.0.0/17',
      '167.82.128.0/20',
      '167.82.160.0/20',
      '167.82.224.0/20',
      '172.111.64.0/18',
      '185.31.16.0/22',
      '199.27.72.0/21',
      '199.232.0.0/16',
      '2a04:4e40::/32',
      '2a04:4e42::/32',
    ],
  },
}
