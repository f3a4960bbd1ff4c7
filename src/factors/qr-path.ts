export interface QrPath {
  /** In modules, with the quiet zone that scanners need (ISO/IEC 18004: four on each side). */
  readonly size: number
  /** For the `d` attribute of one SVG path: the dark modules, row by row. */
  readonly path: string
}

const quiet = 4

/** A QR code that a view prints as inline SVG: no picture to fetch, nothing for the content security policy to allow. */
export async function qrPath(text: string): Promise<QrPath> {
  // Only who enrols needs it: it would slow every start.
  const { default: qrcode } = await import('qrcode')
  const { size, data } = qrcode.create(text, { errorCorrectionLevel: 'M' }).modules
  let path = ''
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const start = x
      while (x < size && data[y * size + x]) x += 1
      if (x > start) path += `M${start + quiet} ${y + quiet}h${x - start}v1h-${x - start}z`
    }
  }
  return { size: size + 2 * quiet, path }
}
