import { eachContainer, type Policy } from './judge/policy.js';
import { declaredAddresses } from './judge/subject.js';

export default {
  why: 'Policies and reviews judge what constructs declare; a file that is overridden past them says something else.',
  fix: 'Change the property or the construct that the file comes from, rather than the Terraform resource.',
  judge: (subject) => {
    const declared = declaredAddresses(subject);
    const inPlan = (text: string) => text.replaceAll(/\d+(\.\d+){3}/g, (address) => declared.get(address) ?? address);
    return eachContainer(({ subject: name, files }) => {
      const own = subject.topology.services.find((service) => service.name === name)?.files;
      // What no service declares is no construct's.
      if (!own) return [];
      return Object.entries(files).flatMap(([path, text]) =>
        own.some((file) => file.path === path && file.text === inPlan(text)) ? [] : [`${path} is not what it declares`],
      );
    })(subject);
  },
} satisfies Policy;
