import { crc32, deflateSync } from 'node:zlib'
import { encode } from 'uqr'

/** Light modules around the code, as readers need them. Source: ISO/IEC 18004. */
const BORDER = 4
/** Pixels of a module in the PNG. */
const SCALE = 6
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** A QR code in both forms: an SVG document without any script, and a PNG. */
export type QrImages = { readonly svg: string; readonly png: Uint8Array }

const toSvg = (rows: readonly (readonly boolean[])[]): string => {
  const size = rows.length
  let path = ''
  for (const [y, row] of rows.entries()) {
    for (let x = 0; x < size; x++) {
      if (row[x] !== true) continue
      const from = x
      while (row[x + 1] === true) x++
      path += `M${from} ${y}h${x + 1 - from}v1H${from}z`
    }
  }
  // dark on light in any theme: readers do not take it the other way round
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges" role="img" aria-label="QR code">` +
    `<path fill="#fff" d="M0 0h${size}v${size}H0z"/><path fill="#000" d="${path}"/></svg>`
  )
}

const chunk = (type: string, data: Uint8Array): Buffer => {
  const whole = Buffer.alloc(12 + data.length)
  whole.writeUInt32BE(data.length, 0)
  whole.write(type, 4, 'latin1')
  whole.set(data, 8)
  whole.writeUInt32BE(crc32(whole.subarray(4, 8 + data.length)), 8 + data.length)
  return whole
}

/** One bit a pixel, grey, without filters. Source: PNG, third edition, sections 5 and 11. */
const toPng = (rows: readonly (readonly boolean[])[]): Uint8Array => {
  const size = rows.length * SCALE
  const stride = 1 + Math.ceil(size / 8)
  // ones are white
  const pixels = Buffer.alloc(stride * size, 0xff)
  for (const [y, row] of rows.entries()) {
    const line = Buffer.alloc(stride, 0xff)
    line[0] = 0
    for (const [x, dark] of row.entries()) {
      if (!dark) continue
      for (let at = x * SCALE; at < (x + 1) * SCALE; at++) line[1 + (at >> 3)] = (line[1 + (at >> 3)] ?? 0) & ~(0x80 >> (at & 7))
    }
    for (let copy = 0; copy < SCALE; copy++) pixels.set(line, (y * SCALE + copy) * stride)
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(size, 0)
  header.writeUInt32BE(size, 4)
  header[8] = 1
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', deflateSync(pixels)), chunk('IEND', new Uint8Array(0))])
}

/** Draws a text as a QR code with medium error correction. Source: ISO/IEC 18004. */
export const drawQr = (text: string): QrImages => {
  const { data } = encode(text, { ecc: 'M', border: BORDER })
  return { svg: toSvg(data), png: toPng(data) }
}
