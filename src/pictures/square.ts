/** Rows of pixels, four bytes each: red, green, blue, and how much of them shows. */
export interface Pixels {
  readonly data: Uint8ClampedArray
  readonly width: number
  readonly height: number
}

/**
 * The middle square, at most `side` wide; whatever shows through stands on white. Each pixel is the mean of those that it replaces, so that fine
 * patterns do not turn into others.
 */
export function middleSquare({ data, width, height }: Pixels, side: number): Pixels {
  const whole = Math.min(width, height)
  const wanted = Math.min(side, whole)
  const [left, top] = [Math.floor((width - whole) / 2), Math.floor((height - whole) / 2)]
  const made = new Uint8ClampedArray(4 * wanted * wanted)
  const edge = (index: number) => Math.floor((index * whole) / wanted)
  for (let y = 0; y < wanted; y += 1) {
    for (let x = 0; x < wanted; x += 1) {
      const sum = [0, 0, 0]
      let count = 0
      for (let row = top + edge(y); row < top + edge(y + 1); row += 1) {
        for (let column = left + edge(x); column < left + edge(x + 1); column += 1) {
          const at = 4 * (row * width + column)
          const shown = (data[at + 3] ?? 255) / 255
          for (let colour = 0; colour < 3; colour += 1)
            sum[colour] = (sum[colour] ?? 0) + (data[at + colour] ?? 0) * shown + 255 * (1 - shown)
          count += 1
        }
      }
      const to = 4 * (y * wanted + x)
      for (let colour = 0; colour < 3; colour += 1) made[to + colour] = (sum[colour] ?? 0) / count
      made[to + 3] = 255
    }
  }
  return { data: made, width: wanted, height: wanted }
}
