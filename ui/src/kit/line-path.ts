/** The geometry of a sparkline. */

/** Runs of neighbouring values as SVG paths; a lone value becomes a dot. */
export function linePaths(values: readonly (number | null)[], width: number, height: number): string[] {
  const step = values.length > 1 ? width / (values.length - 1) : 0
  const paths: string[] = []
  let run: string[] = []
  const close = () => {
    if (run.length === 1) run.push('h0.01')
    if (run.length > 0) paths.push(run.join(''))
    run = []
  }
  values.forEach((value, index) => {
    if (value === null) return close()
    const y = 1 + (height - 2) * (1 - Math.min(1, Math.max(0, value)))
    run.push(`${run.length === 0 ? 'M' : 'L'}${(index * step).toFixed(1)} ${y.toFixed(1)}`)
  })
  close()
  return paths
}
