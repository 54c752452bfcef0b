/** One way to send a form: busy while under way, errors at their fields, the rest above the buttons. */
import { createSignal } from 'solid-js'
import { type ApiError, asApiError } from '../problem.ts'

interface Options<Input, Output> {
  run: (input: Input) => Promise<Output>
  onDone: (output: Output) => void
}

export function createSubmit<Input, Output>(options: Options<Input, Output>) {
  const [busy, setBusy] = createSignal(false)
  const [error, setError] = createSignal<ApiError>()
  const submit = async (input: Input) => {
    if (busy()) return
    setBusy(true)
    setError(undefined)
    try {
      options.onDone(await options.run(input))
    } catch (cause) {
      setError(asApiError(cause))
    } finally {
      setBusy(false)
    }
  }
  /** what the server said of one field, by its pointer into the body */
  const fieldError = (pointer: string) => error()?.fields.get(pointer)
  /** the first of what it said of the parts of a field */
  const errorWithin = (pointer: string) => [...(error()?.fields ?? [])].find(([at]) => at.startsWith(pointer))?.[1]
  /** the error, unless every part of it stands at a field */
  const restError = (shown: readonly string[]) => {
    const problem = error()
    if (!problem) return undefined
    const all = [...problem.fields.keys()]
    return all.length > 0 && all.every((pointer) => shown.includes(pointer)) ? undefined : problem
  }
  return { busy, error, submit, fieldError, errorWithin, restError, reset: () => setError(undefined) }
}
