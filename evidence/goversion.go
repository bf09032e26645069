package evidence

func profileGoVersion(p *Profile) GoVersion { return GoVersion{} }
