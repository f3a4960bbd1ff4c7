import type { Command, Started } from './command.ts'

export const startCommand: Command = {
  name: 'start',
  usage: 'start',
  summary: 'Run the server until it is told to stop.',
  async run({ toolbox }) {
    const started = await toolbox.start()
    return { data: started, text: welcome(started) }
  },
}

function welcome({ issuer, demo, inbox, setup }: Started): string {
  if (demo === undefined && inbox === undefined && setup === undefined)
    return `Signet is ready at ${issuer}\n`
  const lines = [
    `Signet is ready at ${issuer}`,
    '',
    ...(demo === undefined ? [] : [`  Demo application  ${demo}     click "Sign in with Signet"`]),
    ...(inbox === undefined
      ? []
      : [`  Inbox             ${inbox}     every mail and SMS; the first invitation waits there`]),
    ...(setup === undefined
      ? []
      : [`  Set-up            ${setup.url}     the first administrator, with the code ${setup.code}`]),
    '',
  ]
  return `${lines.join('\n')}\n`
}
